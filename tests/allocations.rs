//! Writing an envelope into a reused buffer allocates nothing. In a binary of its own, since it counts allocations of
//! the whole process.

use std::time::Duration;

use pssession::wsman::op::Delete;
use pssession::wsman::{
    DEFAULT_MAX_ENVELOPE_SIZE, Header, MessageId, SessionId, ShellId, uri, write_request,
};
use uuid::Uuid;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn a_delete_envelope_into_a_reused_string_allocates_nothing() {
    let shell_id = ShellId::from_server("B6631D8E-65A0-49F2-9053-A1B156C95777");
    let delete = Delete { shell_id: &shell_id, resource_uri: uri::POWERSHELL_RESOURCE };
    let header = Header {
        to: "http://win01.example.com:5985/wsman?PSVersion=7.4&x=1",
        message_id: MessageId::new(Uuid::from_u128(1)),
        session_id: SessionId::new(Uuid::from_u128(2)),
        operation_timeout: Duration::from_millis(60_500),
        max_envelope_size: DEFAULT_MAX_ENVELOPE_SIZE,
    };
    let mut request = String::new();
    write_request(&delete, &header, &mut request);
    let length = request.len();

    let _profiler = dhat::Profiler::builder().testing().build();
    // The test harness has threads of its own, which may allocate during one round, but not during each.
    let allocated = (0..10).map(|_| {
        let before = dhat::HeapStats::get().total_blocks;
        request.clear();
        write_request(&delete, &header, &mut request);
        dhat::HeapStats::get().total_blocks - before
    });
    assert_eq!(allocated.min(), Some(0));
    assert_eq!(request.len(), length);
}
