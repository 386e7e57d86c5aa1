//! The one table of parameters. Its order is that of help and of the candidates in an error.

use super::declaration::Check::{Mandatory, NotNull, NotNullOrEmpty};
use super::declaration::{Kind, Parameter, Pipeline, Place, Refusal, Shape};
use super::sets::Set;

/// Get-PSSession's sets that ask servers by name.
const HOSTS: &[Set] = &[Set::ComputerName, Set::ComputerInstanceId];
const URIS: &[Set] = &[Set::ConnectionUri, Set::ConnectionUriInstanceId];
/// Get-PSSession's sets that ask servers.
const SERVERS: &[Set] =
    &[Set::ComputerName, Set::ComputerInstanceId, Set::ConnectionUri, Set::ConnectionUriInstanceId];
const CONTAINERS: &[Set] = &[Set::ContainerId, Set::ContainerIdInstanceId];
const VM_IDS: &[Set] = &[Set::VmId, Set::VmIdInstanceId];
const VM_NAMES: &[Set] = &[Set::VmName, Set::VmNameInstanceId];
/// Get-PSSession's sets that narrow by state and configuration; in the first, which lists what is remembered, they are
/// ours.
const NARROWING: &[Set] = &[
    Set::Name,
    Set::ComputerName,
    Set::ComputerInstanceId,
    Set::ConnectionUri,
    Set::ConnectionUriInstanceId,
    Set::ContainerId,
    Set::ContainerIdInstanceId,
    Set::VmId,
    Set::VmIdInstanceId,
    Set::VmName,
    Set::VmNameInstanceId,
];
const WITH_NAME: &[Set] =
    &[Set::Name, Set::ComputerName, Set::ConnectionUri, Set::ContainerId, Set::VmId, Set::VmName];
const WITH_INSTANCE_ID: &[Set] = &[
    Set::InstanceId,
    Set::ComputerInstanceId,
    Set::ConnectionUriInstanceId,
    Set::ContainerIdInstanceId,
    Set::VmIdInstanceId,
    Set::VmNameInstanceId,
];

/// A selector: its sets need it.
const fn selects(sets: &'static [Set]) -> Place {
    Place::declared(sets).mandatory()
}

/// A selector of Remove-PSSession: alone in its set, and taken out of objects as well.
const fn removes(set: &'static [Set]) -> Place {
    selects(set).piped(Pipeline::ByName)
}

/// A common parameter of both cmdlets.
const fn common(
    name: &'static str,
    alias: &'static [&'static str],
    kind: Kind,
    help: &'static str,
) -> Parameter {
    Parameter::new(name, kind, NotNullOrEmpty, help)
        .alias(alias)
        .remove(Place::common(Set::OF_REMOVE))
        .get(Place::common(Set::OF_GET))
}

/// A parameter for reaching servers: Get-PSSession declares it, Remove-PSSession has it from us.
const fn reaching(name: &'static str, kind: Kind, sets: &'static [Set], help: &'static str) -> Parameter {
    Parameter::new(name, kind, NotNullOrEmpty, help).remove(Place::added()).get(Place::declared(sets))
}

const NO_THUMBPRINT: Refusal = Refusal {
    why: "a login with a client certificate is not supported",
    instead: "use -Credential USER, with the password from a file, a command or the prompt",
};
const NO_SESSION_OPTION: Refusal = Refusal {
    why: "its value is an object, which a command line cannot contain",
    instead: "use --connect-timeout, --operation-timeout or --dangerous-skip-certificate-check",
};
const NO_REDIRECTION: Refusal = Refusal {
    why: "redirects are never followed, so that a credential is sent only to the given servers",
    instead: "give the target of the redirect with -ConnectionUri",
};

/// Every parameter of both cmdlets.
pub(crate) const PARAMETERS: &[Parameter] = &[
    Parameter::new(
        "Id",
        Kind::Ids(|bound| &mut bound.selection.id),
        NotNull,
        "The Id that the list shows: numbers and ranges, such as 1,4..7",
    )
    .remove(removes(&[Set::Id]).first())
    .get(selects(&[Set::Id]).first()),
    Parameter::new(
        "Session",
        Kind::Objects(|bound| &mut bound.selection.session),
        Mandatory,
        "Objects written by Get-PSSession --output json or ConvertTo-Json: a file, or - for stdin",
    )
    .remove(removes(&[Set::Session]).first().piped(Pipeline::ByValueAndName)),
    Parameter::new(
        "ComputerName",
        Kind::Texts(|bound| &mut bound.selection.computer_name),
        NotNullOrEmpty,
        "The computer. To remove: filters the known sessions, with wildcards. To get: the servers to query",
    )
    .alias(&["Cn"])
    .remove(removes(&[Set::ComputerName]).first().wildcards())
    .get(selects(HOSTS).first()),
    Parameter::new(
        "Name",
        Kind::Texts(|bound| &mut bound.selection.name),
        NotNullOrEmpty,
        "The session's name, with wildcards",
    )
    .remove(removes(&[Set::Name]).wildcards())
    .get(Place::declared(WITH_NAME).wildcards()),
    Parameter::new(
        "InstanceId",
        Kind::Guids(|bound| &mut bound.selection.instance_id),
        NotNull,
        "The GUID of the session, in any format",
    )
    .remove(removes(&[Set::InstanceId]))
    .get(selects(WITH_INSTANCE_ID)),
    Parameter::new(
        "ContainerId",
        Kind::Texts(|bound| &mut bound.selection.container_id),
        NotNullOrEmpty,
        "The exact id of the container",
    )
    .remove(removes(&[Set::ContainerId]))
    .get(selects(CONTAINERS)),
    Parameter::new(
        "VMId",
        Kind::Guids(|bound| &mut bound.selection.vm_id),
        NotNullOrEmpty,
        "The virtual machine's GUID",
    )
    .alias(&["VMGuid"])
    .remove(removes(&[Set::VmId]))
    .get(selects(VM_IDS)),
    Parameter::new(
        "VMName",
        Kind::Texts(|bound| &mut bound.selection.vm_name),
        NotNullOrEmpty,
        "The virtual machine's name, with wildcards",
    )
    .remove(removes(&[Set::VmName]).wildcards())
    .get(selects(VM_NAMES).wildcards()),
    Parameter::new(
        "State",
        Kind::State(|bound| &mut bound.selection.state),
        NotNull,
        "Only sessions in this state",
    )
    .get(Place::declared(NARROWING)),
    Parameter::new(
        "ConfigurationName",
        Kind::Text(|bound| &mut bound.selection.configuration_name),
        NotNullOrEmpty,
        "Only sessions of this configuration, with wildcards",
    )
    .get(Place::declared(NARROWING).wildcards()),
    Parameter::new(
        "ConnectionUri",
        Kind::Uris(|bound| &mut bound.reaching.connection_uri),
        NotNullOrEmpty,
        "The servers to query, as http or https URLs",
    )
    .alias(&["URI", "CU"])
    .remove(Place::added())
    .get(selects(URIS).first()),
    reaching(
        "Credential",
        Kind::Text(|bound| &mut bound.reaching.credential),
        SERVERS,
        "The account: user, DOMAIN\\user or user@realm; never a password",
    ),
    reaching(
        "Authentication",
        Kind::Authentication(|bound| &mut bound.reaching.authentication),
        SERVERS,
        "The authentication scheme",
    ),
    reaching(
        "UseSSL",
        Kind::Switch(|bound| &mut bound.reaching.use_ssl),
        HOSTS,
        "Use HTTPS; the default port is 5986. Known sessions keep their own setting",
    ),
    reaching(
        "Port",
        Kind::Port(|bound| &mut bound.reaching.port),
        HOSTS,
        "The TCP port. To remove: filters the sessions. To get: the port of the servers",
    ),
    reaching(
        "ApplicationName",
        Kind::Text(|bound| &mut bound.reaching.application_name),
        HOSTS,
        "The path on the servers, instead of wsman. To remove: without effect",
    ),
    reaching(
        "ThrottleLimit",
        Kind::Int(|bound| &mut bound.reaching.throttle_limit),
        SERVERS,
        "The maximum number of connections at the same time",
    ),
    reaching("CertificateThumbprint", Kind::Refused("String", NO_THUMBPRINT), SERVERS, "Not supported"),
    reaching("SessionOption", Kind::Refused("PSSessionOption", NO_SESSION_OPTION), SERVERS, "Not supported"),
    reaching("AllowRedirection", Kind::Refused("SwitchParameter", NO_REDIRECTION), URIS, "Not supported"),
    Parameter::new(
        "WhatIf",
        Kind::Switch(|bound| &mut bound.common.what_if),
        NotNull,
        "Print what would be removed, and remove nothing",
    )
    .alias(&["wi"])
    .remove(Place::common(Set::OF_REMOVE)),
    Parameter::new(
        "Confirm",
        Kind::Switch(|bound| &mut bound.common.confirm),
        NotNull,
        "Ask before each session; '-Confirm:$false' never asks",
    )
    .alias(&["cf"])
    .remove(Place::common(Set::OF_REMOVE)),
    common("Verbose", &["vb"], Kind::Switch(|bound| &mut bound.common.verbose), "Log each step"),
    common("Debug", &["db"], Kind::Switch(|bound| &mut bound.common.debug), "Log each step in detail"),
    common(
        "ErrorAction",
        &["ea"],
        Kind::Action(|bound| &mut bound.common.error_action),
        "What to do after an error",
    ),
    common("ErrorVariable", &["ev"], Kind::Ignored(Shape::Text), IGNORED),
    common("WarningAction", &["wa"], Kind::Ignored(Shape::Action), IGNORED),
    common("WarningVariable", &["wv"], Kind::Ignored(Shape::Text), IGNORED),
    common("InformationAction", &["infa"], Kind::Ignored(Shape::Action), IGNORED),
    common("InformationVariable", &["iv"], Kind::Ignored(Shape::Text), IGNORED),
    common("ProgressAction", &["proga"], Kind::Ignored(Shape::Action), IGNORED),
    common("OutVariable", &["ov"], Kind::Ignored(Shape::Text), IGNORED),
    common("OutBuffer", &["ob"], Kind::Ignored(Shape::Int), IGNORED),
    common("PipelineVariable", &["pv"], Kind::Ignored(Shape::Text), IGNORED),
];

const IGNORED: &str = "Accepted, without effect";

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::cli::powershell::Cmdlet;
    use crate::cli::powershell::declaration::Tier;

    #[test]
    fn no_name_or_alias_stands_for_two_parameters() {
        let mut seen = HashSet::new();
        for parameter in PARAMETERS {
            for name in parameter.aliases.iter().chain([&parameter.name]) {
                assert!(seen.insert(name.to_ascii_lowercase()), "{name} is there twice");
            }
        }
    }

    #[test]
    fn each_set_of_remove_has_exactly_one_selector_and_needs_it() {
        for set in Set::OF_REMOVE {
            let selectors: Vec<&str> = PARAMETERS
                .iter()
                .filter(|row| {
                    let place = row.place(Cmdlet::RemovePSSession);
                    place.is_some_and(|place| place.tier == Tier::Declared && place.sets.contains(set))
                })
                .map(|row| row.name)
                .collect();
            assert_eq!(selectors.len(), 1, "{set:?}: {selectors:?}");
            let row = PARAMETERS.iter().find(|row| row.name == selectors[0]).unwrap();
            assert!(row.place(Cmdlet::RemovePSSession).unwrap().mandatory);
        }
    }

    /// Section 1, the table of parameters: set, type, alias, position.
    #[test]
    fn the_selectors_of_remove_are_those_of_the_cmdlet() {
        for (name, type_name, aliases, position) in [
            ("Id", "Int32[]", &[][..], Some(0)),
            ("Session", "PSSession[]", &[], Some(0)),
            ("ComputerName", "String[]", &["Cn"], Some(0)),
            ("Name", "String[]", &[], None),
            ("InstanceId", "Guid[]", &[], None),
            ("ContainerId", "String[]", &[], None),
            ("VMId", "Guid[]", &["VMGuid"], None),
            ("VMName", "String[]", &[], None),
        ] {
            let row = PARAMETERS.iter().find(|row| row.name == name).unwrap();
            let place = row.place(Cmdlet::RemovePSSession).unwrap();
            assert_eq!((row.kind.type_name(), row.aliases, place.position), (type_name, aliases, position));
            assert_eq!(format!("{:?}", place.sets), format!("[{}]", name.replace("VM", "Vm")));
        }
    }

    #[test]
    fn only_what_should_be_asked_about_has_what_if_and_confirm() {
        for name in ["WhatIf", "Confirm"] {
            let row = PARAMETERS.iter().find(|row| row.name == name).unwrap();
            assert!(
                row.place(Cmdlet::RemovePSSession).is_some() && row.place(Cmdlet::GetPSSession).is_none()
            );
        }
    }
}
