//! Which account a login is, where the settings of its host say so.

use std::collections::HashMap;
use std::sync::Arc;

use super::caller::Caller;
use super::settings::{HostSettings, same_account};
use crate::session::LoginAccount;
use crate::store::Rows;
use crate::transport::Endpoint;

/// Gives remembered sessions the stated account of the login that saw them.
pub(super) fn state_accounts<C: Caller>(rows: &mut Rows, caller: &C) {
    let mut stated: HashMap<Arc<str>, HostSettings> = HashMap::new();
    let users: Vec<_> = rows.notes().iter().map(|note| note.user.clone()).collect();
    for (session, user) in rows.sessions_mut().iter_mut().zip(users) {
        let settings = stated.entry(session.endpoint_url.clone()).or_insert_with(|| {
            let endpoint = Endpoint::parse(&session.endpoint_url, false);
            endpoint.map(|endpoint| caller.settings(&endpoint)).unwrap_or_default()
        });
        let user = settings.user.as_deref().or(user.as_deref());
        if settings.account.is_some() && user.is_some_and(|user| same_account(user, &session.seen_by)) {
            let account = LoginAccount::new(&*session.seen_by).with_stated(settings.account.clone());
            session.account = Some(Arc::new(account));
        }
    }
}
