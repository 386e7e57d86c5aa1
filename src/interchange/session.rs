//! What an object means: its properties as a row of the table, or as a choice among those that are there.

use std::time::SystemTime;

use super::choice;
use super::object::{InvalidObject, SessionReference};
use super::property::{Field, Properties, Property as P, short};
use super::record::SCHEMAS;
use super::value::{Unit, word_of, wrong_endpoint};
use crate::auth::AuthScheme;
use crate::session::{
    Availability, ComputerType, LocalId, SeenOn, SessionDescriptor, SessionState, Stated, Transport,
};
use crate::store::{Origin, Row, RowMetadata};
use crate::transport::{Endpoint, EndpointError};
use crate::wsman::{SessionId, Shell, ShellId, uri};

/// How a host that an object only names becomes an endpoint: `web01`, or `web01:5985` where the object has a port. A
/// program without defaults for hosts passes `&|host| Endpoint::parse(host, false)`.
pub type EndpointOf<'a> = dyn Fn(&str) -> Result<Endpoint, EndpointError> + 'a;

/// What an object does not say itself.
#[derive(Clone, Copy)]
pub(super) struct ReadContext<'a> {
    /// No object was seen later.
    pub(super) now: SystemTime,
    /// Where a computer is that is only named.
    pub(super) endpoint_of: &'a EndpointOf<'a>,
}

/// PowerShell's `RunspaceState` in the order of its numbers. What passes becomes where it leads.
const STATES: &[(&str, SessionState)] = &[
    ("BeforeOpen", SessionState::Opened),
    ("Opening", SessionState::Opened),
    ("Opened", SessionState::Opened),
    ("Closed", SessionState::Closed),
    ("Closing", SessionState::Closed),
    ("Broken", SessionState::Broken),
    ("Disconnecting", SessionState::Disconnected),
    ("Disconnected", SessionState::Disconnected),
    ("Connecting", SessionState::Opened),
];

/// PowerShell's `RunspaceAvailability` in the order of its numbers. Whoever debugs in a session uses it.
const AVAILABILITIES: &[(&str, Availability)] = &[
    ("None", Availability::None),
    ("Available", Availability::Available),
    ("AvailableForNestedCommand", Availability::Busy),
    ("Busy", Availability::Busy),
    ("RemoteDebug", Availability::Busy),
];

/// PowerShell's `TargetMachineType` in the order of its numbers.
const COMPUTER_TYPES: &[(&str, ComputerType)] = &[
    ("RemoteMachine", ComputerType::RemoteMachine),
    ("VirtualMachine", ComputerType::VirtualMachine),
    ("Container", ComputerType::Container),
];

/// The session that an object is, or those that it chooses.
///
/// # Errors
/// What is missing, contradictory or not what its name says.
pub(super) fn session_reference(
    object: &Properties<'_>,
    read_context: &ReadContext<'_>,
) -> Result<SessionReference, InvalidObject> {
    let is_ours = is_ours(object)?;
    let Some(shell_id) = shell_id(object)? else {
        return choice::session_reference(object);
    };
    let id = id(object)?;
    let shell = shell(object, shell_id, is_ours)?;
    let reached = reached(object, read_context.endpoint_of)?;
    let seen_at = object.time(P::SeenAt).map_or(read_context.now, |time| time.min(read_context.now));
    // Nobody has seen it, whatever the object says: a file cannot testify that an account could see a shell.
    let seen_on = SeenOn { host: &reached.computer_name, url: &reached.url, port: reached.port };
    let mut session = SessionDescriptor::from_shell(shell, seen_on, "", seen_at);
    if reached.computer_name.is_empty() || reached.transport != Transport::WsMan {
        // A virtual machine may be called `.`.
        session.computer_name = reached.computer_name.into();
    }
    session.id = id;
    session.computer_type = reached.computer_type;
    session.transport = reached.transport;
    session.vm_id = object.guid(P::VMId)?.or(object.guid(P::VMGuid)?);
    session.vm_name = object.text(P::VMName)?.unwrap_or_default();
    session.container_id = object.name(P::ContainerId)?.unwrap_or_default();
    session.commands = object.commands(P::CommandIds)?;
    state(object, &mut session, is_ours)?;
    Ok(SessionReference::Session(Box::new(Row { session, note: note(object)? })))
}

/// Whether this program wrote it: its objects name their schema, and have a ShellId where PowerShell's have none.
fn is_ours(object: &Properties<'_>) -> Result<bool, String> {
    match object.text(P::Schema)? {
        Some(schema) if SCHEMAS.contains(&schema.as_str()) => Ok(true),
        Some(schema) if schema.starts_with("pssession.") => {
            Err(format!("{:?} is not a session, or a newer version wrote it", short(&schema)))
        }
        _ => Ok(object.get(P::ShellId)?.is_some()),
    }
}

fn id(object: &Properties<'_>) -> Result<Option<LocalId>, String> {
    let wanted = "a number above 0";
    let id: Option<i64> = object.number(P::Id, wanted)?;
    match id {
        Some(id) if id < 1 => Err(format!("Id is {id}, but must be {wanted}")),
        id => Ok(id.map(LocalId)),
    }
}

fn shell_id(object: &Properties<'_>) -> Result<Option<ShellId>, InvalidObject> {
    let given = object.name(P::ShellId)?.map(ShellId::from_server);
    // Whatever else it says, it means one session.
    let instance_id = object.guid(P::InstanceId).map_err(InvalidObject::Unbound)?;
    match (given, instance_id) {
        (Some(given), Some(instance_id)) if given.guid() != Some(instance_id) => {
            Err(InvalidObject::Wrong("ShellId and InstanceId are of two different sessions".to_owned()))
        }
        (Some(given), _) => Ok(Some(given)),
        (None, instance_id) => Ok(instance_id.map(ShellId::from_guid)),
    }
}

fn shell(object: &Properties<'_>, shell_id: ShellId, is_ours: bool) -> Result<Shell, String> {
    // PowerShell keeps milliseconds; we write seconds.
    let idle_unit = if is_ours { Unit::Seconds } else { Unit::Milliseconds };
    Ok(Shell {
        name: object.text(P::Name)?.map(Into::into),
        owner: object.text(P::Owner)?.map(Into::into),
        client_ip: object.name(P::ClientIP)?.map(Into::into),
        process_id: object.number(P::ProcessId, "a process id")?,
        state: object.text(P::ServerState)?.map(Into::into),
        idle_timeout: object.duration(P::IdleTimeout, idle_unit),
        max_idle_timeout: object.duration(P::MaxIdleTimeout, Unit::Seconds),
        shell_run_time: object.duration(P::ShellRunTime, Unit::Seconds),
        shell_inactivity: object.duration(P::ShellInactivity, Unit::Seconds),
        ..Shell::new(shell_id, resource_uri(object)?)
    })
}

fn resource_uri(object: &Properties<'_>) -> Result<String, String> {
    let uri = match (object.name(P::ResourceUri)?, object.name(P::ConfigurationName)?) {
        (Some(uri), _) => uri,
        (None, Some(name)) if name.contains("://") => name,
        (None, Some(name)) => format!("{}{name}", uri::POWERSHELL_PREFIX),
        (None, None) => String::new(),
    };
    if uri::has_user_info(&uri) {
        return Err("the resource URI contains a user name; remove it".to_owned());
    }
    Ok(uri)
}

/// Where a session is, and what leads there.
struct Reached {
    computer_name: String,
    computer_type: ComputerType,
    transport: Transport,
    url: String,
    port: u16,
}

fn reached(object: &Properties<'_>, endpoint_of: &EndpointOf<'_>) -> Result<Reached, String> {
    let computer_type = object.word(P::ComputerType, COMPUTER_TYPES)?.unwrap_or_default();
    let port: Option<u16> = object.number(P::Port, "a port (1 to 65535)")?;
    let port = port.filter(|port| *port != 0);
    let named = object.name(P::ComputerName)?.or(object.name(P::Cn)?).unwrap_or_default();
    let named = named.trim();
    if named.contains('@') {
        return Err("ComputerName contains a user name; remove it".to_owned());
    }
    let given = object.name(P::Endpoint)?;
    let transport = match object.name(P::Transport)? {
        Some(word) => Transport::from_word(&word),
        // Windows PowerShell has no such property. What is not a computer is reached over the hypervisor's socket.
        None if given.is_some() => Transport::WsMan,
        None => match computer_type {
            ComputerType::VirtualMachine => Transport::Other("VMBus".to_owned()),
            ComputerType::Container => Transport::Other("Container".to_owned()),
            _ => Transport::WsMan,
        },
    };
    let endpoint = match given {
        Some(given) => {
            let endpoint =
                Endpoint::parse(&given, false).map_err(|error| wrong_endpoint(P::Endpoint, &error))?;
            if port.is_some_and(|port| port != endpoint.port()) {
                return Err("Port is not the port of Endpoint".to_owned());
            }
            Some(endpoint)
        }
        None if transport == Transport::WsMan => match connected(object)? {
            Some(endpoint) if port.is_none_or(|port| port == endpoint.port()) => Some(endpoint),
            _ if named.is_empty() => None,
            _ => Some(of_computer(named, port, endpoint_of)?),
        },
        None => None,
    };
    let (computer_name, url, port) = match &endpoint {
        None => (named, "", port.unwrap_or_default()),
        Some(endpoint) if named.is_empty() => (endpoint.computer_name(), endpoint.url(), endpoint.port()),
        Some(endpoint) => (named, endpoint.url(), endpoint.port()),
    };
    Ok(Reached {
        computer_name: computer_name.to_owned(),
        computer_type,
        transport,
        url: url.to_owned(),
        port,
    })
}

/// Where PowerShell's own connection leads: it counts below an `Endpoint`, which is what this program would say.
fn connected(object: &Properties<'_>) -> Result<Option<Endpoint>, String> {
    let stated = object.name(P::ConnectionUri)?;
    let nested = match object.of_runspace(&["connectioninfo", "connectionuri"]) {
        Some(Field::Text(uri)) if !uri.is_empty() => Some(uri.to_string()),
        _ => None,
    };
    let parse = |uri: String| {
        Endpoint::parse(&with_port(&uri), false).map_err(|error| wrong_endpoint(P::ConnectionUri, &error))
    };
    stated.or(nested).map(parse).transpose()
}

/// PowerShell's URI has no port where the connection has WinRM's default one; it writes port 80 out.
fn with_port(uri: &str) -> String {
    let Some((scheme, rest)) = uri.split_once("://") else { return uri.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    // The colons of an IPv6 address stand within its brackets.
    let has_port = authority.rsplit(']').next().is_some_and(|behind| behind.contains(':'));
    let port = if scheme.eq_ignore_ascii_case("https") { 5986 } else { 5985 };
    if has_port { uri.to_owned() } else { format!("{scheme}://{authority}:{port}{path}") }
}

/// The endpoint of a computer that is only named: as a person would name it, or by name and port.
fn of_computer(named: &str, port: Option<u16>, endpoint_of: &EndpointOf<'_>) -> Result<Endpoint, String> {
    let wrong = |error| wrong_endpoint(P::ComputerName, &error);
    if named.contains("://") {
        return Err("ComputerName is a URL; call it Endpoint".to_owned());
    }
    let named = if named == "." { "localhost" } else { named };
    let endpoint = endpoint_of(named).map_err(wrong)?;
    match port {
        Some(port) => endpoint_of(&format!("{}:{port}", endpoint.computer_name())).map_err(wrong),
        None => Ok(endpoint),
    }
}

/// How it stands. Our own objects say what the server said, and PowerShell's words beside it count only where they say
/// something else, as `Broken` does; PowerShell's own have nothing but those words, some of them only in the `Runspace`.
/// What nobody says is unknown.
fn state(object: &Properties<'_>, session: &mut SessionDescriptor, is_ours: bool) -> Result<(), String> {
    let state = object.word(P::State, STATES)?.or(of_runspace(object, P::State, STATES));
    let availability = object.word(P::Availability, AVAILABILITIES)?.or(of_runspace(
        object,
        P::Availability,
        AVAILABILITIES,
    ));
    let is_server_s = session.shell.state.is_some();
    let Some(state) = state else {
        session.stated = match availability {
            _ if is_server_s => None,
            Some(availability) => Some(Stated { availability, ..Stated::UNKNOWN }),
            None => Some(Stated::UNKNOWN),
        };
        return Ok(());
    };
    let availability = availability.unwrap_or(match state {
        SessionState::Opened if is_server_s => session.availability(),
        SessionState::Opened => Availability::Unknown,
        _ => Availability::None,
    });
    let is_derived = session.state() == state && session.availability() == availability;
    if !(is_ours && is_derived) {
        session.stated = Some(Stated { state, availability });
    }
    Ok(())
}

/// The state or the availability of a `Runspace`; text that is no such word says nothing.
fn of_runspace<T: Copy>(object: &Properties<'_>, property: P, words: &[(&str, T)]) -> Option<T> {
    let path: &[&str] = match property {
        P::State => &["runspacestateinfo"],
        _ => &["runspaceavailability"],
    };
    let field = object.of_runspace(path);
    let field = field.map(|field| field.part("state").map_or(field, Field::unwrapped));
    match field {
        Some(Field::Whole(_) | Field::Text(_)) => word_of(property, field, words).ok().flatten(),
        _ => None,
    }
}

fn note(object: &Properties<'_>) -> Result<RowMetadata, String> {
    let auth = object.name(P::Auth)?;
    let auth = auth.map(|auth| auth.parse::<AuthScheme>().map_err(|error| format!("Auth: {error}")));
    Ok(RowMetadata {
        origin: Origin::Imported,
        user: object.name(P::User)?.map(Into::into),
        auth: auth.transpose()?.map(|scheme| scheme.name().into()),
        session_id: object.guid(P::SessionId)?.map(SessionId::new),
    })
}
