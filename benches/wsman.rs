//! What the language costs: an envelope out, a listing in, and the dearest documents that are still read.
//!
//! `cargo bench --bench wsman`; targets: a Delete envelope under 0.2 µs, 1,000 shells under 5 ms.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use pssession::wsman::op::{Delete, EnumerateShells};
use pssession::wsman::xml::{Document, MAX_BYTES};
use pssession::wsman::{
    DEFAULT_MAX_ENVELOPE_SIZE, Header, MessageId, SessionId, ShellId, read_answer, uri, write_request,
};
use uuid::Uuid;

const MESSAGE_ID: MessageId = MessageId::new(Uuid::from_u128(0x6B0E_4C0A_0B62_4E0C_9C4E_0D8D_4A7C_1F11));

fn delete_envelope(criterion: &mut Criterion) {
    let shell_id = ShellId::from_server("B6631D8E-65A0-49F2-9053-A1B156C95777");
    let delete = Delete { shell_id: &shell_id, resource_uri: uri::POWERSHELL_RESOURCE };
    let header = Header {
        to: "http://win01.example.com:5985/wsman",
        message_id: MESSAGE_ID,
        session_id: SessionId::new(Uuid::from_u128(0x5E55)),
        operation_timeout: Duration::from_secs(60),
        max_envelope_size: DEFAULT_MAX_ENVELOPE_SIZE,
    };
    let mut request = String::with_capacity(2_048);
    criterion.bench_function("delete_envelope", |bencher| {
        bencher.iter(|| {
            request.clear();
            write_request(black_box(&delete), black_box(&header), &mut request);
            black_box(request.len())
        });
    });
}

fn listing(criterion: &mut Criterion) {
    let answer = listing_of(1_000);
    let list = EnumerateShells { optimize: true, max_elements: 32_000 };
    criterion.bench_function("listing_of_1000_shells", |bencher| {
        bencher.iter(|| {
            let page = read_answer(&list, MESSAGE_ID, black_box(answer.as_bytes()));
            assert!(page.is_ok_and(|page| page.items.len() == 1_000));
        });
    });
}

/// Documents of the largest size that are made to be dear; each must stay within some tens of milliseconds.
fn hostile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hostile_2_mib");
    group.sample_size(10);
    for (name, document) in [
        ("elements", filled("<a>", "<b/>", "</a>")),
        ("entities", filled("<a>", "&lt;", "</a>")),
        ("attributes", filled("<a ", "b='' ", "/>")),
        ("declarations", filled("<a>", "<b xmlns:c='u'/>", "</a>")),
        ("prefixes", filled(&many_prefixes(), "<p63:a p62:b=''/>", "</a>")),
        ("long_namespace", filled(&format!("<a xmlns='{}'>", "u".repeat(500_000)), "<b/>", "</a>")),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| Document::parse(black_box(&document)).is_ok());
        });
    }
    group.finish();
}

fn filled(head: &str, piece: &str, tail: &str) -> String {
    let room = MAX_BYTES - head.len() - tail.len();
    format!("{head}{}{tail}", piece.repeat(room / piece.len()))
}

fn many_prefixes() -> String {
    let long = "u".repeat(250);
    let mut head = "<a".to_owned();
    for number in 0..64 {
        let _ = write!(head, " xmlns:p{number}='{long}{number}'");
    }
    head + ">"
}

/// A listing as Windows writes it, about 1 kB a shell.
fn listing_of(shells: u32) -> String {
    let mut answer = format!(
        r#"<s:Envelope xml:lang="en-US" xmlns:s="{}" xmlns:a="{}" xmlns:n="{}" xmlns:w="{}" xmlns:p="{}"><s:Header><a:Action>{}</a:Action><a:RelatesTo>{MESSAGE_ID}</a:RelatesTo></s:Header><s:Body><n:EnumerateResponse><n:EnumerationContext></n:EnumerationContext><w:Items>"#,
        uri::SOAP,
        uri::ADDRESSING,
        uri::ENUMERATION,
        uri::WSMAN,
        uri::WSMV,
        uri::ENUMERATE.response,
    );
    for number in 0..shells {
        let _ = write!(
            answer,
            r#"<rsp:Shell xmlns:rsp="{}"><rsp:ShellId>B6631D8E-65A0-49F2-9053-{number:012X}</rsp:ShellId><rsp:Name>build-{number}</rsp:Name><rsp:ResourceUri>{}</rsp:ResourceUri><rsp:Owner>CONTOSO\ops</rsp:Owner><rsp:ClientIP>192.0.2.10</rsp:ClientIP><rsp:ProcessId>{number}</rsp:ProcessId><rsp:IdleTimeOut>PT7200.000S</rsp:IdleTimeOut><rsp:InputStreams>stdin pr</rsp:InputStreams><rsp:OutputStreams>stdout</rsp:OutputStreams><rsp:MaxIdleTimeOut>PT2147483.647S</rsp:MaxIdleTimeOut><rsp:Locale>en-US</rsp:Locale><rsp:DataLocale>en-US</rsp:DataLocale><rsp:CompressionMode>NoCompression</rsp:CompressionMode><rsp:ProfileLoaded>Yes</rsp:ProfileLoaded><rsp:Encoding>UTF8</rsp:Encoding><rsp:BufferMode>Block</rsp:BufferMode><rsp:State>Disconnected</rsp:State><rsp:ShellRunTime>P0DT0H1M2S</rsp:ShellRunTime><rsp:ShellInactivity>P0DT0H0M3S</rsp:ShellInactivity><rsp:MemoryUsed>46MB</rsp:MemoryUsed><rsp:ChildProcesses>0</rsp:ChildProcesses></rsp:Shell>"#,
            uri::SHELL,
            uri::POWERSHELL_RESOURCE,
        );
    }
    answer + "</w:Items><w:EndOfSequence/></n:EnumerateResponse></s:Body></s:Envelope>"
}

criterion_group!(benches, delete_envelope, listing, hostile);
criterion_main!(benches);
