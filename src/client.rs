//! Typed calls over one connection: an operation goes in, its reply or a typed error comes out.

mod collector;
mod ids;

pub use self::ids::{IdSource, RandomIds};
pub use collector::{MAX_EMPTY_PAGES, MAX_KEPT_BYTES, MAX_LISTING_BYTES, MAX_PAGES, MAX_SHELLS};

use std::sync::Arc;
use std::time::Duration;

use self::collector::{Collector, Next};
use crate::auth::ServerNames;
use crate::error::{Error, Result};
use crate::limits::{LIST_TIMEOUT, LONGEST_LIMIT, Limits};
use crate::listing::{Gap, Listing};
use crate::transport::{Connection, TransportError};
use crate::wsman::op::{
    DEFAULT_MAX_ELEMENTS, Delete, EnumerateCommands, EnumerateShells, Get, Identity, Page, Pull, Release,
    Signal, SignalCode, identify,
};
use crate::wsman::{
    Command, CommandId, DEFAULT_MAX_ENVELOPE_SIZE, EnumerationContext, Header, MessageId, Operation,
    SessionId, Shell, ShellId, read_answer, uri, write_request,
};

/// WS-Management over one connection. Calls never overlap; for parallel work open more connections.
pub struct WsmanClient {
    connection: Box<dyn Connection>,
    endpoint_url: String,
    session_id: SessionId,
    ids: Arc<dyn IdSource>,
    limits: Limits,
    list_timeout: Duration,
    max_envelope_size: u32,
    envelope: String,
    /// A listing was given up while an answer was awaited.
    is_cut: bool,
}

impl WsmanClient {
    /// Speaks over `connection`, which leads to `endpoint_url`. `session_id` is the same for all connections of a run.
    #[must_use]
    pub fn new(
        connection: Box<dyn Connection>,
        endpoint_url: impl Into<String>,
        session_id: SessionId,
        ids: Arc<dyn IdSource>,
    ) -> Self {
        Self {
            connection,
            endpoint_url: endpoint_url.into(),
            session_id,
            ids,
            limits: Limits::default(),
            list_timeout: LIST_TIMEOUT,
            max_envelope_size: DEFAULT_MAX_ENVELOPE_SIZE,
            envelope: String::new(),
            is_cut: false,
        }
    }

    /// The limits of calls that name none. Default: the server may take 60 s, and we listen 10 s longer.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long one listing of shells may take, all of its pages together; what came until then is listed, with
    /// [`Gap::TooLong`]. Default: 5 min ([`LIST_TIMEOUT`]).
    #[must_use]
    pub fn with_list_timeout(mut self, limit: Duration) -> Self {
        self.list_timeout = limit.min(LONGEST_LIMIT);
        self
    }

    /// The endpoint's URL.
    #[must_use]
    pub fn endpoint_url(&self) -> &str {
        &self.endpoint_url
    }

    /// What the server said of itself in the login, see [`Connection::server_names`].
    #[must_use]
    pub fn server_names(&self) -> Option<&ServerNames> {
        self.connection.server_names()
    }

    /// Whether another call makes sense; if not, open another connection.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        !self.is_cut && self.connection.is_usable()
    }

    /// Sends one operation and reads its reply.
    ///
    /// # Errors
    /// [`Error::Fault`] when the server refuses, [`Error::Malformed`] when the answer is not this operation's, and
    /// [`Error::Transport`] when there is none.
    pub async fn send<O: Operation + Sync>(&mut self, operation: &O) -> Result<O::Reply> {
        self.send_within(operation, self.limits).await
    }

    /// Sends one operation with limits of its own.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn send_within<O: Operation + Sync>(
        &mut self,
        operation: &O,
        limits: Limits,
    ) -> Result<O::Reply> {
        let message_id = MessageId::new(self.ids.draw());
        let header = Header {
            to: &self.endpoint_url,
            message_id,
            session_id: self.session_id,
            operation_timeout: limits.operation_timeout,
            max_envelope_size: self.max_envelope_size,
        };
        self.envelope.clear();
        write_request(operation, &header, &mut self.envelope);
        let answer = self.connection.exchange(&self.envelope, limits.read_timeout).await?;
        Ok(read_answer(operation, message_id, &answer.body)?)
    }

    /// Lists the server's shells: one's own, or everybody's for an administrator. What may be missing is told by the
    /// listing's gaps. Each shell costs some 600 bytes as long as it is kept, and all together no more than
    /// [`MAX_KEPT_BYTES`]; [`list_shells_with`](Self::list_shells_with) keeps none.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn list_shells(&mut self) -> Result<Listing> {
        self.list_shells_within(self.limits.read_timeout).await
    }

    /// The same where the first page must be there within `first_page`, or within the limits of any call if they are
    /// shorter.
    ///
    /// # Errors
    /// As [`Self::list_shells`].
    pub async fn list_shells_within(&mut self, first_page: Duration) -> Result<Listing> {
        let mut shells = Vec::new();
        let collector = Collector::keeping(|shell| shells.push(Arc::new(shell)));
        let gaps = self.list_into(collector, first_page).await?;
        Ok(Listing { shells, gaps })
    }

    /// Lists the server's shells, page after page, and gives each to `each` as soon as its page is read, so that no more
    /// than one page and 20 bytes per shell are kept. Returns what may be missing; nothing if the listing is complete.
    ///
    /// A server that loses the enumeration is asked once more from the begin. Even then each shell is given once, also
    /// one that went in the meantime.
    ///
    /// # Errors
    /// As [`Self::send`]; what was given until then is no whole listing.
    pub async fn list_shells_with(&mut self, each: impl FnMut(Shell)) -> Result<Vec<Gap>> {
        self.list_into(Collector::new(each), self.limits.read_timeout).await
    }

    async fn list_into(
        &mut self,
        mut collector: Collector<impl FnMut(Shell)>,
        first_page: Duration,
    ) -> Result<Vec<Gap>> {
        let limit = self.list_timeout;
        let read_timeout = first_page.min(self.limits.read_timeout);
        let first_page = Limits { read_timeout, ..self.limits };
        match tokio::time::timeout(limit, self.enumerate_all(&mut collector, first_page)).await {
            Ok(ended) => ended?,
            Err(_) => {
                self.is_cut = true;
                collector.gap(Gap::TooLong(limit));
            }
        }
        Ok(collector.finish())
    }

    async fn enumerate_all(
        &mut self,
        collector: &mut Collector<impl FnMut(Shell)>,
        first_page: Limits,
    ) -> Result<()> {
        let mut page_sizes = PAGE_SIZES.iter().copied();
        let mut max_elements = DEFAULT_MAX_ELEMENTS;
        let mut restarted = false;
        loop {
            match self.enumerate(max_elements, collector, first_page).await {
                Ok(()) => return Ok(()),
                Err(Error::Fault(fault)) if fault.is_envelope_too_large() => {
                    max_elements = page_sizes.next().ok_or(fault)?;
                }
                Err(Error::Fault(fault))
                    if fault.is_envelope_size_refused() && self.max_envelope_size > OLD_ENVELOPE_SIZE =>
                {
                    self.max_envelope_size = OLD_ENVELOPE_SIZE;
                }
                Err(Error::Fault(fault)) if fault.is_stale_context() && !restarted => restarted = true,
                Err(Error::Fault(fault)) if fault.is_stale_context() => {
                    collector.gap(Gap::StaleContext);
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
            collector.restart();
        }
    }

    /// Lists the commands of one shell; `limits` hold for all pages together.
    ///
    /// # Errors
    /// As [`Self::send`]; and [`Error::Malformed`] when an item cannot be decoded, for it may be the one that runs.
    pub async fn list_commands(&mut self, shell_id: &ShellId, limits: Limits) -> Result<Vec<Command>> {
        let after = limits.read_timeout;
        match tokio::time::timeout(after, self.all_commands(shell_id, limits)).await {
            Ok(commands) => commands,
            Err(_) => {
                let endpoint = self.endpoint_url.clone();
                Err(TransportError::Timeout { endpoint, after }.into())
            }
        }
    }

    async fn all_commands(&mut self, shell_id: &ShellId, limits: Limits) -> Result<Vec<Command>> {
        let enumerate = EnumerateCommands { shell_id, max_elements: DEFAULT_MAX_ELEMENTS };
        let mut page = self.send_within(&enumerate, limits).await?;
        let mut commands = Vec::new();
        let mut bytes = 0;
        for _ in 0..MAX_COMMAND_PAGES {
            if let Some(problem) = page.undecodable.pop() {
                if let Some(context) = page.next {
                    self.release(&context, uri::COMMAND_RESOURCE).await;
                }
                return Err(problem.into());
            }
            bytes += page.items.iter().map(weight).sum::<usize>();
            commands.append(&mut page.items);
            commands.truncate(MAX_COMMANDS);
            let Some(context) = &page.next else { return Ok(commands) };
            if bytes >= MAX_COMMAND_BYTES || commands.len() == MAX_COMMANDS {
                break;
            }
            let pull = Pull::<Command>::new(context, DEFAULT_MAX_ELEMENTS, uri::COMMAND_RESOURCE);
            page = self.send_within(&pull, limits).await?;
        }
        if let Some(context) = page.next {
            self.release(&context, uri::COMMAND_RESOURCE).await;
        }
        Ok(commands)
    }

    /// Asks for one shell.
    ///
    /// # Errors
    /// As [`Self::send`]; a shell that is not there is a fault that [`Error::is_shell_gone`].
    pub async fn get(&mut self, shell_id: &ShellId, limits: Limits) -> Result<Shell> {
        self.send_within(&Get { shell_id }, limits).await
    }

    /// Asks what the server is, over this connection and so as somebody who has logged in.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn identify(&mut self, limits: Limits) -> Result<Identity> {
        self.envelope.clear();
        identify::request(&mut self.envelope);
        let answer = self.connection.exchange(&self.envelope, limits.read_timeout).await?;
        Ok(identify::read(&answer.body)?)
    }

    /// Signals one command of a shell.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn signal(
        &mut self,
        shell: &Shell,
        command_id: &CommandId,
        code: SignalCode,
        limits: Limits,
    ) -> Result<()> {
        let (shell_id, resource_uri) = (&shell.shell_id, shell.resource());
        self.send_within(&Signal { shell_id, resource_uri, command_id, code }, limits).await
    }

    /// Deletes one shell through `resource_uri`: its own, or the generic one.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn delete(&mut self, shell_id: &ShellId, resource_uri: &str, limits: Limits) -> Result<()> {
        self.send_within(&Delete { shell_id, resource_uri }, limits).await
    }

    async fn enumerate(
        &mut self,
        max_elements: u32,
        collector: &mut Collector<impl FnMut(Shell)>,
        first_page: Limits,
    ) -> Result<()> {
        let enumerate = EnumerateShells { optimize: true, max_elements };
        let mut page = self.send_within(&enumerate, first_page).await?;
        loop {
            match collector.take(page) {
                Next::End => return Ok(()),
                Next::Stop(context) => {
                    self.release(&context, uri::SHELL_RESOURCE).await;
                    return Ok(());
                }
                Next::Pull(context) => page = self.pull(context, max_elements).await?,
            }
        }
    }

    async fn pull(&mut self, context: EnumerationContext, max_elements: u32) -> Result<Page<Shell>> {
        let pull = Pull::<Shell>::new(&context, max_elements, uri::SHELL_RESOURCE);
        match self.send(&pull).await {
            // Nothing came within the server's limit; the enumeration goes on.
            Err(Error::Fault(fault)) if fault.is_timeout() => {
                Ok(Page { items: Vec::new(), undecodable: Vec::new(), next: Some(context) })
            }
            Err(error) => {
                if error.fault().is_some_and(|fault| fault.is_envelope_too_large()) {
                    self.release(&context, uri::SHELL_RESOURCE).await;
                }
                Err(error)
            }
            page => page,
        }
    }

    /// The answer means nothing: an enumeration that is not released dies of itself.
    async fn release(&mut self, context: &EnumerationContext, resource_uri: &str) {
        let _ = self.send(&Release { context, resource_uri }).await;
    }
}

impl std::fmt::Debug for WsmanClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WsmanClient").field("endpoint_url", &self.endpoint_url).finish_non_exhaustive()
    }
}

/// Smaller and smaller pages for a server whose answer would be too large; a shell costs about 1.1 kB.
const PAGE_SIZES: [u32; 3] = [100, 20, 1];
/// What servers before Windows 2012 take, in bytes.
const OLD_ENVELOPE_SIZE: u32 = 153_600;
/// A shell has at most 1,000 commands by default; a server that gives one per page is not believed for longer.
const MAX_COMMAND_PAGES: usize = 1_000;
/// The most commands of one shell that are kept: four times what Windows allows.
pub const MAX_COMMANDS: usize = 4_096;
/// How many bytes the commands of one shell may take: a thousand command lines of Windows' 8,191 characters are half of
/// it.
const MAX_COMMAND_BYTES: usize = 16 * 1024 * 1024;

/// About the bytes that a command takes here.
fn weight(command: &Command) -> usize {
    let texts = [Some(command.command_id.as_str()), Some(&command.command_line), command.state.as_deref()];
    size_of::<Command>() + texts.into_iter().flatten().map(str::len).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use uuid::Uuid;

    use super::*;
    use crate::transport::{BoxFuture, Reply};
    use crate::wsman::uri::{ENUMERATE, ENUMERATION, PULL, SHELL};

    /// A server whose enumerations never end: what it did is in `asked`.
    struct Endless {
        pace: Duration,
        command_id: &'static str,
        command_line: String,
        asked: Arc<Mutex<Vec<&'static str>>>,
    }

    impl Endless {
        fn answer(&self, envelope: &str) -> String {
            let kinds = ["Enumerate", "Pull", "Release"];
            let kind = kinds.into_iter().find(|kind| envelope.contains(&format!("<n:{kind}>"))).unwrap();
            self.asked.lock().unwrap().push(kind);
            let action = if kind == "Pull" { PULL } else { ENUMERATE }.response;
            let message_id = envelope.split_once("MessageID>").unwrap().1.split_once('<').unwrap().0;
            format!(
                "<s:Envelope xmlns:s='{}' xmlns:a='{}' xmlns:n='{ENUMERATION}' xmlns:r='{SHELL}'><s:Header>\
                 <a:Action>{action}</a:Action><a:RelatesTo>{message_id}</a:RelatesTo></s:Header><s:Body>\
                 <n:{kind}Response><n:EnumerationContext>on</n:EnumerationContext><n:Items><r:Command>\
                 <r:CommandId>{}</r:CommandId><r:CommandLine>{}</r:CommandLine></r:Command></n:Items>\
                 </n:{kind}Response></s:Body></s:Envelope>",
                uri::SOAP,
                uri::ADDRESSING,
                self.command_id,
                self.command_line
            )
        }
    }

    impl Connection for Endless {
        fn exchange<'a>(
            &'a mut self,
            envelope: &'a str,
            _: Duration,
        ) -> BoxFuture<'a, std::result::Result<Reply, TransportError>> {
            Box::pin(async move {
                tokio::time::sleep(self.pace).await;
                Ok(Reply { status: 200, body: self.answer(envelope).into_bytes() })
            })
        }
    }

    fn endless(pace: Duration, command_line: usize) -> (WsmanClient, Arc<Mutex<Vec<&'static str>>>) {
        endless_with("C", pace, command_line)
    }

    fn endless_with(
        command_id: &'static str,
        pace: Duration,
        command_line: usize,
    ) -> (WsmanClient, Arc<Mutex<Vec<&'static str>>>) {
        let asked = Arc::default();
        let command_line = "x".repeat(command_line);
        let connection = Endless { pace, command_id, command_line, asked: Arc::clone(&asked) };
        let session_id = SessionId::new(Uuid::from_u128(1));
        let ids = Arc::new(RandomIds);
        (WsmanClient::new(Box::new(connection), "http://web01:5985/wsman", session_id, ids), asked)
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_of_a_command_listing_holds_for_all_of_its_pages() {
        let (mut client, _) = endless(Duration::from_secs(4), 0);
        let limits = Limits::within(Duration::from_secs(10));
        let began = tokio::time::Instant::now();
        let error = client.list_commands(&ShellId::from_server("S"), limits).await.unwrap_err();
        assert!(error.is_timeout() && !error.leaves_connection_usable(), "{error:?}");
        assert_eq!(began.elapsed(), limits.read_timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_of_a_listing_holds_for_all_of_its_pages_and_costs_the_connection() {
        let (client, asked) = endless(Duration::from_secs(40), 0);
        let mut client = client.with_list_timeout(Duration::from_secs(100));
        let began = tokio::time::Instant::now();
        let listing = client.list_shells().await.unwrap();
        assert_eq!(listing.gaps.last(), Some(&Gap::TooLong(Duration::from_secs(100))));
        assert_eq!((began.elapsed().as_secs(), client.is_usable()), (100, false));
        assert_eq!(*asked.lock().unwrap(), ["Enumerate", "Pull"]);
    }

    #[tokio::test]
    async fn a_command_that_cannot_be_decoded_is_no_command_that_does_not_run() {
        let (mut client, asked) = endless_with("white space", Duration::ZERO, 0);
        let error = client.list_commands(&ShellId::from_server("S"), Limits::default()).await.unwrap_err();
        assert!(matches!(error, Error::Malformed(_)) && error.leaves_connection_usable(), "{error:?}");
        assert_eq!(*asked.lock().unwrap(), ["Enumerate", "Release"]);
    }

    #[tokio::test]
    async fn an_endless_command_listing_is_cut_by_its_bytes_and_released() {
        let (mut client, asked) = endless(Duration::ZERO, 1 << 20);
        let commands = client.list_commands(&ShellId::from_server("S"), Limits::default()).await.unwrap();
        assert_eq!(commands.len(), MAX_COMMAND_BYTES / (1 << 20));
        assert_eq!(asked.lock().unwrap().last(), Some(&"Release"));
    }
}
