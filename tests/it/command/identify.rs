//! `pssession identify`: what a host shows without a login, and `--doctor`, which logs in once.

use std::net::{Ipv4Addr, TcpListener as Reserved};

use pssession::simulator::{Account, Simulator};
use rcgen::date_time_ymd;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{NOBODY, host, leaked};
use crate::support::command::{Pssession, Run};
use crate::support::raw::{Act, RawServer, Response};
use crate::support::tls::{Authority, BOTH, Leaf, TlsHost, self_signed};

fn identify(place: &str, more: &[&str]) -> Pssession {
    Pssession::new([&["identify", place], more].concat())
}

fn reported(run: &Run) -> Value {
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
}

async fn behind_tls(leaf: &Leaf) -> TlsHost {
    TlsHost::start(leaked(), leaf, leaf.acceptor(BOTH)).await
}

/// A file of this authority.
fn file(authority: &Authority) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, &authority.pem).unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}

#[tokio::test]
async fn a_trusted_certificate_is_shown_with_all_that_a_person_asks_of_it() {
    let authority = Authority::new("Lab CA");
    let (_folder, ca) = file(&authority);
    let leaf = authority.issue(&["web01.lab", "127.0.0.1"], |params| {
        params.not_before = date_time_ymd(2020, 1, 2);
        params.not_after = date_time_ymd(2090, 3, 4);
    });
    let host = behind_tls(&leaf).await;
    let place = host.address.to_string();
    let run = identify(&place, &["--tls", "--ca-file", &ca]).run().await.expect(0);
    for line in [
        "Authentication  Negotiate",
        "Clock           same as this machine, within ",
        "TLS             TLS 1.3",
        "Certificate     CN=web01.lab",
        "Issuer          CN=Lab CA",
        "Valid           2020-01-02 to 2090-03-04 (",
        "Names           web01.lab, 127.0.0.1",
        &format!("Pin             {}", leaf.pin()),
        "Trust           trusted by --ca-file",
    ] {
        assert!(run.stdout.contains(line), "{line} in\n{}", run.stdout);
    }
    assert!(run.stdout.contains(" days left)") && run.stderr.is_empty(), "{}{}", run.stdout, run.stderr);

    let reported =
        reported(&identify(&place, &["--tls", "--ca-file", &ca, "-o", "json"]).run().await.expect(0));
    assert_eq!(reported["Schema"], "pssession.identity/1");
    assert_eq!((&reported["Tls"], &reported["ClockDifference"]), (&json!("TLS 1.3"), &json!(0)));
    let certificate = &reported["Certificate"];
    assert_eq!(certificate["Trusted"], true);
    assert_eq!(certificate["NotAfter"], "2090-03-04T00:00:00.000Z");
    assert_eq!(certificate["Names"], json!(["web01.lab", "127.0.0.1"]));
    assert!(certificate["DaysLeft"].as_i64().unwrap() > 20_000);
    assert_eq!(reported["Endpoints"][0]["Certificate"], *certificate);
}

#[tokio::test]
async fn an_untrusted_certificate_is_read_and_not_blessed() {
    let leaf = self_signed(&["web01.lab"]);
    let host = behind_tls(&leaf).await;
    let place = host.address.to_string();
    let run = identify(&place, &["--tls"]).env("SSL_CERT_FILE", "/nowhere/ca.pem").run().await.expect(1);
    // Windows always has its store, and no variable names another.
    let problem = if cfg!(windows) { "it is self-signed" } else { "this machine has no trust store" };
    assert!(run.stdout.contains(&format!("NOT TRUSTED: {problem}")), "{}", run.stdout);
    let (_folder, ca) = file(&Authority::new("Another CA"));
    for more in [&["--ca-file", &ca][..], &["--certificate-pin", &self_signed(&["x"]).pin()]] {
        let run = identify(&place, &[&["--tls"], more].concat()).run().await.expect(1);
        assert!(run.stdout.contains("Trust           NOT TRUSTED: it"), "{}", run.stdout);
        assert!(run.stdout.contains(&leaf.pin()), "{}", run.stdout);
        assert!(run.stderr.contains("error: the certificate of 127.0.0.1"), "{}", run.stderr);
        assert!(run.stderr.contains("hint: "), "{}", run.stderr);
        let json = identify(&place, &[&["--tls", "-o", "json"], more].concat()).run().await.expect(1);
        assert_eq!(reported(&json)["Certificate"]["Trusted"], false);
        assert!(reported(&json)["Certificate"]["Problem"].is_string());
    }
    let run = identify(&place, &["--tls", "--certificate-pin", &leaf.pin()]).run().await.expect(0);
    assert!(run.stdout.contains("Trust           it matches --certificate-pin"), "{}", run.stdout);
    let run = identify(&place, &["--tls", "--dangerous-skip-certificate-check"]).run().await.expect(0);
    assert!(run.stdout.contains("Trust           NOT CHECKED"), "{}", run.stdout);
    assert_eq!(host.simulator.handshakes(), 0);
}

/// A host that answers on 5985, on 5986, or on both, at an address of its own.
struct TwoDoors {
    address: Ipv4Addr,
    http: Option<Simulator>,
    https: Option<TlsHost>,
}

impl TwoDoors {
    async fn open(http: bool, leaf: Option<&Leaf>) -> Self {
        for number in 0..200_u32 {
            let draw = std::process::id().wrapping_add(number).wrapping_mul(2_654_435_761) >> 8;
            let [a, b] = [10 + draw % 90, 100 + draw / 90 % 90].map(|part| u8::try_from(part).unwrap());
            let address = Ipv4Addr::new(127, a, b, 5);
            if Reserved::bind((address, 5985)).is_err() {
                continue;
            }
            let Ok(listener) = TcpListener::bind((address, 5986)).await else { continue };
            let builder = Simulator::builder().world(leaked()).bind(address.into()).port(5985);
            let http = match http {
                true => Some(builder.start().await.unwrap()),
                false => None,
            };
            let https = match leaf {
                Some(leaf) => Some(TlsHost::serve(leaked(), leaf, leaf.acceptor(BOTH), listener).await),
                None => None,
            };
            return Self { address, http, https };
        }
        panic!("no free address with the ports 5985 and 5986");
    }
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn without_a_port_both_doors_are_looked_at_and_a_closed_one_is_a_line() {
    let host = TwoDoors::open(true, None).await;
    let place = host.address.to_string();
    let run = identify(&place, &[]).run().await.expect(0);
    assert!(run.stdout.contains(&format!("Endpoint        http://{place}:5985/wsman\n")), "{}", run.stdout);
    let closed = format!("Endpoint        https://{place}:5986/wsman: Connection refused");
    assert!(run.stdout.contains(&closed), "{}", run.stdout);
    assert!(run.stderr.is_empty(), "{}", run.stderr);
    let json = reported(&identify(&place, &["-o", "json"]).run().await.expect(0));
    assert_eq!(json["Authentication"], json!(["Negotiate"]));
    assert_eq!(json["Endpoints"][1]["Authentication"], Value::Null);
    assert!(json["Endpoints"][1]["Error"].as_str().unwrap().contains("refused"));
    let run = identify(&place, &["--tls"]).run().await.expect(1);
    assert!(run.stderr.contains("refused") && run.stdout.is_empty(), "{}", run.stderr);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_certificate_that_nobody_trusts_is_a_line_beside_a_door_that_is_open() {
    let leaf = self_signed(&["web01.lab"]);
    let host = TwoDoors::open(true, Some(&leaf)).await;
    let (_folder, ca) = file(&Authority::new("Lab CA"));
    let run = identify(&host.address.to_string(), &["--ca-file", &ca]).run().await.expect(0);
    assert!(run.stdout.contains("NOT TRUSTED: it is self-signed"), "{}", run.stdout);
    assert!(run.stderr.contains("hint: ") && run.stderr.contains(&leaf.pin()), "{}", run.stderr);
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_told() {
    let answer = || {
        let refused = Response::new(401).header("WWW-Authenticate", "Negotiate");
        Act::Answer(refused.header("Date", "Sun, 06 Nov 1994 08:49:37 GMT"))
    };
    let server = RawServer::start(move |_| answer()).await;
    let run = identify(&server.address.to_string(), &[]).run().await.expect(0);
    assert!(run.stdout.contains("behind this machine"), "{}", run.stdout);
    let json = reported(&identify(&server.address.to_string(), &["-o", "json"]).run().await.expect(0));
    assert!(json["ClockDifference"].as_i64().unwrap() < -900_000_000);
}

#[tokio::test]
async fn the_doctor_tells_each_step_and_logs_in_once() {
    let simulator = host(leaked()).await;
    let place = simulator.address().to_string();
    let run = identify(&place, &["--doctor"]).login(&simulator).run().await.expect(0);
    let steps = ["resolve", "connect", "clock", "offers", "scheme", "login", "listing"];
    let mut from = 0;
    for step in steps {
        let at = run.stdout[from..]
            .find(&format!("  {step} "))
            .unwrap_or_else(|| panic!("{step}: {}", run.stdout));
        from += at;
    }
    for said in ["127.0.0.1 is an address", ": used, each message is encrypted", "Basic is not offered"] {
        assert!(run.stdout.contains(said), "{said} in\n{}", run.stdout);
    }
    assert!(run.stdout.contains("3 shells of 2 owners, shells of other users"), "{}", run.stdout);
    assert!(!run.stdout.contains("NO  "), "{}", run.stdout);
    assert_eq!((simulator.handshakes(), simulator.failed_logons()), (1, 0));
    let password = simulator.password();
    assert!(!format!("{}{}", run.stdout, run.stderr).contains(password.expose_secret()));
}

#[tokio::test]
async fn the_doctor_tries_a_wrong_password_once_and_says_what_was_refused() {
    let simulator = host(leaked()).await;
    let place = simulator.address().to_string();
    for more in [&[][..], &["-o", "json"]] {
        let failed = simulator.failed_logons();
        let run = identify(&place, &[&["--doctor"], more].concat()).login(&simulator);
        let run = run.env("PSSESSION_PASSWORD", "wrong-Passw0rd").run().await.expect(5);
        assert_eq!(simulator.failed_logons() - failed, 1);
        assert!(run.stdout.contains("the login of"), "{}", run.stdout);
        assert!(run.stderr.contains("refused the credential"), "{}", run.stderr);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("wrong-Passw0rd"));
    }
}

#[tokio::test]
async fn the_doctor_sends_no_credential_where_nobody_vouches_or_nobody_is() {
    let host = behind_tls(&self_signed(&["web01.lab"])).await;
    let (_folder, ca) = file(&Authority::new("Lab CA"));
    let place = host.address.to_string();
    let run = identify(&place, &["--tls", "--doctor", "--ca-file", &ca]).login(&host.simulator);
    let run = run.run().await.expect(1);
    assert!(run.stdout.contains("NO  trust    it is self-signed"), "{}", run.stdout);
    assert!(run.stderr.contains("its certificate is not trusted"), "{}", run.stderr);
    assert_eq!(host.simulator.handshakes(), 0);

    let run = identify(NOBODY, &["--doctor"]).login(&host.simulator).run().await.expect(1);
    assert!(run.stdout.contains("NO  connect  127.0.0.1:1: Connection refused"), "{}", run.stdout);
    let run = identify("no-such-host.invalid", &["--doctor"]).login(&host.simulator).run().await.expect(1);
    assert!(run.stdout.contains("NO  resolve "), "{}", run.stdout);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_doctor_goes_by_https_where_http_is_closed() {
    let leaf = self_signed(&["web01.lab"]);
    let host = TwoDoors::open(false, Some(&leaf)).await;
    let (https, place) = (host.https.as_ref().unwrap(), host.address.to_string());
    assert!(host.http.is_none());
    let run = identify(&place, &["--doctor", "--certificate-pin", &leaf.pin(), "-o", "json"]);
    let run = run.login(&https.simulator).run().await.expect(0);
    let reported = reported(&run);
    assert_eq!(reported["Schema"], "pssession.doctor/1");
    let steps = reported["Steps"].as_array().unwrap();
    let step = |name: &str| steps.iter().filter(|step| step["Step"] == name).collect::<Vec<_>>();
    assert_eq!((&step("connect")[0]["Good"], &step("connect")[1]["Good"]), (&json!(false), &json!(true)));
    assert!(step("way")[0]["Text"].as_str().unwrap().contains("use --tls"));
    assert_eq!(step("login")[0]["Good"], true);
    assert_eq!(https.simulator.handshakes(), 1);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn several_hosts_are_one_line_each_and_a_dead_one_hides_no_other() {
    let mut servers = Vec::new();
    for _ in 0..2 {
        let account = Account::administrator("CONTOSO\\admin");
        let builder = Simulator::builder().world(leaked()).account(account, "one for all".into());
        servers.push(builder.start().await.unwrap());
    }
    let closed = Reserved::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().to_string();
    let hosts: Vec<String> = servers.iter().map(|server| server.address().to_string()).collect();
    let all = [hosts[0].as_str(), closed.as_str(), hosts[1].as_str()];

    let args = |more: &[&'static str]| {
        let words: Vec<&str> = std::iter::once("identify").chain(all).chain(more.iter().copied()).collect();
        Pssession::new(words)
    };
    let run = args(&[]).run().await.expect(4);
    let rows: Vec<Vec<&str>> =
        run.stdout.lines().map(|line| line.split_whitespace().take(2).collect()).collect();
    assert_eq!(rows[1..], [[all[0], "yes"], [all[1], "no"], [all[2], "yes"]], "{}", run.stdout);
    let json = reported(&args(&["-o", "json"]).run().await.expect(4));
    assert_eq!(json["Endpoints"].as_array().unwrap().len(), 3);

    // Both servers know this account, and show it everybody's shells.
    let run = args(&["--doctor"]).login(&servers[0]).run().await.expect(4);
    assert!(run.stdout.lines().nth(1).unwrap().contains("accepted"), "{}", run.stdout);
    assert!(run.stdout.lines().nth(2).unwrap().contains("NOT REACHED"), "{}", run.stdout);
    assert!(run.stderr.contains("2 of 3 hosts accepted the login"), "{}", run.stderr);
    assert!(run.stderr.contains(&format!("cannot list the sessions on {closed}")), "{}", run.stderr);
    let json = reported(&args(&["--doctor", "-o", "json"]).login(&servers[0]).run().await.expect(4));
    let hosts = json["Hosts"].as_array().unwrap();
    assert_eq!(json["Schema"], "pssession.logins/1");
    assert_eq!(
        hosts.iter().map(|host| host["Accepted"].as_bool().unwrap()).collect::<Vec<_>>(),
        [true, false, true]
    );
    assert_eq!((&hosts[0]["ShowsOthers"], &hosts[1]["ErrorId"]), (&json!(true), &json!("CannotConnect")));

    // A refused password is one failed logon, however many hosts there are.
    let run = args(&["--doctor"]).env("PSSESSION_USER", &servers[0].user());
    let run = run.env("PSSESSION_PASSWORD", "wrong").run().await.expect(5);
    assert!(run.stdout.contains("REFUSED") && run.stdout.contains("not tried"), "{}", run.stdout);
    assert_eq!(servers.iter().map(Simulator::failed_logons).sum::<u64>(), 1);
}
