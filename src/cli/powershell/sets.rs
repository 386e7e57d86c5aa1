//! Parameter sets: which parameters go together, and which set is meant by those that were given.

use super::cmdlet::Cmdlet;
use super::declaration::Parameter;
use super::error::Problem;
use super::parameters::PARAMETERS;

/// A parameter set of either cmdlet; one name means the same in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Set {
    Id,
    Session,
    ComputerName,
    ComputerInstanceId,
    ConnectionUri,
    ConnectionUriInstanceId,
    Name,
    InstanceId,
    ContainerId,
    ContainerIdInstanceId,
    VmId,
    VmIdInstanceId,
    VmName,
    VmNameInstanceId,
}

impl Set {
    pub(super) const OF_REMOVE: &[Self] = &[
        Self::Id,
        Self::Session,
        Self::ComputerName,
        Self::Name,
        Self::InstanceId,
        Self::ContainerId,
        Self::VmId,
        Self::VmName,
    ];

    pub(super) const OF_GET: &[Self] = &[
        Self::Name,
        Self::ComputerName,
        Self::ComputerInstanceId,
        Self::ConnectionUri,
        Self::ConnectionUriInstanceId,
        Self::InstanceId,
        Self::Id,
        Self::ContainerId,
        Self::ContainerIdInstanceId,
        Self::VmId,
        Self::VmIdInstanceId,
        Self::VmName,
        Self::VmNameInstanceId,
    ];
}

/// The one set that fits what was given, out of the `candidates` that allow all of it.
pub(super) fn resolve(
    cmdlet: Cmdlet,
    candidates: &[Set],
    given: &[&'static Parameter],
) -> Result<Set, Problem> {
    let missing = |set: &Set| -> Vec<&'static str> {
        let wanted = PARAMETERS.iter().filter(|parameter| {
            parameter.place(cmdlet).is_some_and(|place| place.mandatory && place.sets.contains(set))
        });
        let given: Vec<&str> = given.iter().map(|parameter| parameter.name).collect();
        wanted.map(|parameter| parameter.name).filter(|name| !given.contains(name)).collect()
    };
    let default = candidates.iter().find(|set| **set == cmdlet.default_set());
    let complete: Vec<Set> = candidates.iter().copied().filter(|set| missing(set).is_empty()).collect();
    if let [only] = complete.as_slice() {
        return Ok(*only);
    }
    if let Some(default) = default {
        let missing = missing(default);
        return if missing.is_empty() { Ok(*default) } else { Err(Problem::MissingMandatory { missing }) };
    }
    // What every candidate lacks is what is missing; where they differ, nobody can say which set was meant.
    let mut common = candidates.first().map(missing).unwrap_or_default();
    for set in candidates {
        let missing = missing(set);
        common.retain(|name| missing.contains(name));
    }
    if common.is_empty() || !complete.is_empty() {
        return Err(ambiguous(cmdlet, given, false));
    }
    Err(Problem::MissingMandatory { missing: common })
}

/// The given parameters that do not go together (a conflict), or do not tell which set is meant.
pub(super) fn ambiguous(cmdlet: Cmdlet, given: &[&'static Parameter], conflict: bool) -> Problem {
    let telling = |parameter: &&&'static Parameter| {
        parameter.place(cmdlet).is_some_and(|place| place.sets.len() < cmdlet.sets().len())
    };
    Problem::AmbiguousParameterSet {
        parameters: given.iter().filter(telling).map(|parameter| parameter.name).collect(),
        conflict,
    }
}
