//! I/O module: listings on their way into the local table. Those that come while others are written share the next
//! transaction: the hosts of a fleet do not wait for one write each.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use tokio::sync::oneshot;

use super::error::TableError;
use super::table::SessionTable;
use crate::session::{LoginAccount, SeenOn};
use crate::store::{ListedShells, ListingContext, MergedListing, Store, StoreError};
use crate::transport::Endpoint;
use crate::wsman::Shell;

/// What one host listed.
#[derive(Debug)]
pub(super) struct HostListing {
    pub(super) endpoint: Endpoint,
    pub(super) account: Arc<LoginAccount>,
    /// The account as the sessions keep it; none where nobody has logged in.
    pub(super) known_account: Option<Arc<LoginAccount>>,
    /// The authentication scheme of the login.
    pub(super) auth: Option<&'static str>,
    pub(super) shells: Vec<Arc<Shell>>,
    /// When they were seen.
    pub(super) seen_at: SystemTime,
    /// Whether what it does not show is gone.
    pub(super) complete: bool,
    /// Whether sessions that the table does not know get their rows now.
    pub(super) writes_new: bool,
}

/// The listings that wait. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct ListingQueue(Arc<Mutex<Waiting>>);

#[derive(Debug, Default)]
struct Waiting {
    listings: Vec<(Vec<HostListing>, Reply)>,
    /// Whether somebody writes, who then writes these, too.
    is_written: bool,
}

type Reply = oneshot::Sender<Result<MergedListing, TableError>>;

impl ListingQueue {
    /// Merges these listings; the sessions come back in their order.
    pub(super) async fn merge(
        &self,
        table: &SessionTable,
        hosts: Vec<HostListing>,
    ) -> Result<MergedListing, TableError> {
        let (reply, merged) = oneshot::channel();
        let must_write = {
            let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.listings.push((hosts, reply));
            !std::mem::replace(&mut waiting.is_written, true)
        };
        if must_write {
            let (queue, table) = (self.clone(), table.clone());
            // On a task of its own: it also writes for others, whoever is cancelled.
            tokio::spawn(async move { queue.write(&table).await });
        }
        merged.await.unwrap_or(Err(TableError::Panicked))
    }

    /// Writes until nobody waits.
    async fn write(&self, table: &SessionTable) {
        loop {
            let batch = {
                let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                if waiting.listings.is_empty() {
                    waiting.is_written = false;
                    return;
                }
                std::mem::take(&mut waiting.listings)
            };
            let (listings, replies): (Vec<_>, Vec<_>) = batch.into_iter().unzip();
            let (listings, merged) = merge_in_table(table, listings).await;
            match merged {
                // Where nobody waits for a reply any more, it is lost.
                Ok(merged) => replies.into_iter().zip(merged).for_each(|(reply, rows)| {
                    let _ = reply.send(Ok(rows));
                }),
                // One of them is to blame: each is tried by itself.
                Err(_) if replies.len() > 1 => {
                    for (listing, reply) in listings.into_iter().zip(replies) {
                        let (_, merged) = merge_in_table(table, vec![listing]).await;
                        let rows = merged.map(|rows| rows.into_iter().next().unwrap_or_default());
                        let _ = reply.send(rows);
                    }
                }
                Err(error) => {
                    if let Some(reply) = replies.into_iter().next() {
                        let _ = reply.send(Err(error));
                    }
                }
            }
        }
    }
}

/// Merges all of them in one transaction, and gives them back for another try.
async fn merge_in_table(
    table: &SessionTable,
    listings: Vec<Vec<HostListing>>,
) -> (Vec<Vec<HostListing>>, Result<Vec<MergedListing>, TableError>) {
    let listings = Arc::new(listings);
    let shared = Arc::clone(&listings);
    let merged = table.blocking(move |path| merge(&mut Store::open(path)?, &shared)).await;
    (Arc::try_unwrap(listings).unwrap_or_default(), merged)
}

fn merge(store: &mut Store, listings: &[Vec<HostListing>]) -> Result<Vec<MergedListing>, StoreError> {
    let hosts = listings.iter().flatten().map(|host| {
        let context = ListingContext {
            endpoint_url: host.endpoint.url(),
            seen_by: host.account.login(),
            server_names: Some(host.account.server_names()),
            auth: host.auth,
            seen_at: host.seen_at,
            complete: host.complete,
        };
        let seen_on = SeenOn {
            host: host.endpoint.computer_name(),
            url: host.endpoint.url(),
            port: host.endpoint.port(),
        };
        ListedShells {
            context,
            seen_on,
            account: host.known_account.clone(),
            shells: &host.shells,
            writes_new: host.writes_new,
        }
    });
    let mut merged = store.merge_listings(hosts)?.into_iter();
    let of_one =
        |hosts: &Vec<HostListing>| MergedListing::concat(merged.by_ref().take(hosts.len()).collect());
    Ok(listings.iter().map(of_one).collect())
}
