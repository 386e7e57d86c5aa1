//! winrm-rs and psrp-rs open a shell, run something and close it. The simulator's port, user and password are in the
//! environment, as `PORT`, `ACCOUNT` and `PASSWORD`.

use std::error::Error;

use psrp_rs::{RunspacePool, WinrmPsrpTransport};
use winrm_rs::{AuthMethod, EncryptionMode, WinrmClient, WinrmConfig, WinrmCredentials};

const HOST: &str = "127.0.0.1";

/// The schemes, and whether they seal.
const LOGINS: [(&str, AuthMethod, EncryptionMode); 3] = [
    ("Basic", AuthMethod::Basic, EncryptionMode::Never),
    ("NTLM, in clear", AuthMethod::Ntlm, EncryptionMode::Never),
    ("NTLM, sealed", AuthMethod::Ntlm, EncryptionMode::Always),
];

fn client(auth_method: AuthMethod, encryption: EncryptionMode) -> Result<WinrmClient, Box<dyn Error>> {
    let port = Some(std::env::var("PORT")?.parse()?);
    let config = WinrmConfig { port, auth_method, encryption, ..WinrmConfig::http() };
    let account = std::env::var("ACCOUNT")?;
    let (domain, user) = account.split_once('\\').unwrap_or(("", &account));
    let credentials = WinrmCredentials::new(user, std::env::var("PASSWORD")?, domain);
    Ok(WinrmClient::new(config, credentials)?)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    for (name, auth_method, encryption) in LOGINS {
        let client = client(auth_method, encryption)?;
        let run = client.run_command(HOST, "echo", &["hi"]).await?;
        assert_eq!((run.stdout.as_slice(), run.exit_code), (&b"hi\r\n"[..], 0), "{run:?}");
        let run = client.run_powershell(HOST, "Write-Output hi").await?;
        assert_eq!((run.stdout.as_slice(), run.exit_code), (&b"hi\r\n"[..], 0), "{run:?}");
        println!("winrm-rs: {name}");

        let (id, creation) = RunspacePool::<WinrmPsrpTransport>::build_creation_fragments(1, 1)?;
        let transport = WinrmPsrpTransport::open(&client, HOST, &creation).await?;
        let mut pool = RunspacePool::open_from_transport(transport, id, 1, 1).await?;
        let objects = pool.run_script("Write-Output one two").await?;
        assert_eq!(objects.len(), 2, "{objects:?}");
        pool.close().await?;
        println!("psrp-rs: {name}");
    }
    Ok(())
}
