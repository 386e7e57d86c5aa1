//! Closes the shells of a file with winrm-rs, by Deletes alone.
//!
//! Usage: winrm_rs_client TARGETS USER CONNECTIONS-PER-HOST PARALLEL-HOSTS basic|ntlm, the password in LOAD_PASSWORD. It
//! prints one object of JSON.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use winrm_rs::{AuthMethod, EncryptionMode, WinrmClient, WinrmConfig, WinrmCredentials};

/// One host and its shells that are still to be closed.
struct Host {
    name: String,
    ids: Mutex<VecDeque<String>>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, targets, user, per_host, parallel, auth] = arguments.as_slice() else {
        return Err(
            "usage: winrm_rs_client TARGETS USER CONNECTIONS-PER-HOST PARALLEL-HOSTS basic|ntlm".into()
        );
    };
    let (per_host, parallel): (usize, usize) = (per_host.parse()?, parallel.parse()?);
    let (port, hosts) = read(&std::fs::read_to_string(targets)?)?;
    let (domain, user) = user.split_once('\\').unwrap_or(("", user));
    let credentials = WinrmCredentials::new(user, std::env::var("LOAD_PASSWORD")?, domain);
    let (auth_method, encryption) = match auth.as_str() {
        "basic" => (AuthMethod::Basic, EncryptionMode::Never),
        _ => (AuthMethod::Ntlm, EncryptionMode::Always),
    };
    let config = WinrmConfig { port: Some(port), auth_method, encryption, ..WinrmConfig::http() };
    let client = Arc::new(WinrmClient::new(config, credentials)?);

    let failed = Arc::new(AtomicU64::new(0));
    let closed = Arc::new(AtomicU64::new(0));
    let slots = Arc::new(Semaphore::new(parallel));
    let mut running = JoinSet::new();
    for host in hosts {
        let slot = Arc::clone(&slots).acquire_owned().await?;
        let (client, closed, failed) = (Arc::clone(&client), Arc::clone(&closed), Arc::clone(&failed));
        running.spawn(async move {
            let host = Arc::new(host);
            let mut workers = JoinSet::new();
            for _ in 0..per_host {
                let (host, client) = (Arc::clone(&host), Arc::clone(&client));
                let (closed, failed) = (Arc::clone(&closed), Arc::clone(&failed));
                workers.spawn(async move {
                    loop {
                        let next = host.ids.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                        let Some(id) = next else { return };
                        match client.delete_shell(&host.name, &id).await {
                            Ok(()) => closed.fetch_add(1, Ordering::Relaxed),
                            Err(error) => {
                                if failed.fetch_add(1, Ordering::Relaxed) == 0 {
                                    eprintln!("{}: {error}", host.name);
                                }
                                0
                            }
                        };
                    }
                });
            }
            workers.join_all().await;
            drop(slot);
        });
    }
    running.join_all().await;
    println!(
        "{{\"closed\":{},\"failed\":{}}}",
        closed.load(Ordering::Relaxed),
        failed.load(Ordering::Relaxed)
    );
    Ok(())
}

/// The hosts, and the port that all have.
fn read(text: &str) -> Result<(u16, Vec<Host>), Box<dyn Error>> {
    let mut hosts: Vec<Host> = Vec::new();
    let mut port = 0;
    for line in text.lines() {
        let (address, id) = line.split_once(' ').ok_or("a target is host:port and a ShellId")?;
        let (name, own_port) = address.split_once(':').ok_or("a target is host:port and a ShellId")?;
        port = own_port.parse()?;
        match hosts.last_mut().filter(|host| host.name == name) {
            Some(host) => {
                host.ids.get_mut().unwrap_or_else(PoisonError::into_inner).push_back(id.to_owned());
            }
            None => hosts.push(Host { name: name.to_owned(), ids: Mutex::new([id.to_owned()].into()) }),
        }
    }
    Ok((port, hosts))
}
