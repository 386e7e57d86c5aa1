//! A command as it was bound: every value has its type.

use std::path::PathBuf;

use pssession::session::{Filter, IdRange, PatternError, Selector, WildcardPattern};
use uuid::Uuid;

use super::cmdlet::Cmdlet;
use super::error::{BindingError, Problem};
use super::preferences::{ActionPreference, Authentication, StateFilter};
use super::sets::Set;

/// A whole command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    pub(crate) cmdlet: Cmdlet,
    /// The parameter set that was meant.
    pub(crate) set: Set,
    pub(crate) selection: Selection,
    pub(crate) reaching: Reaching,
    pub(crate) common: Common,
    /// Parameters that were given and have no effect here, so that the user can be told.
    pub(crate) ignored: Vec<&'static str>,
    /// Our own options, in native spelling, each followed by its value where that stood apart.
    pub(crate) ours: Vec<String>,
}

/// Which sessions. Remove-PSSession has values for one selector and no filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) id: Vec<IdRange>,
    /// The file that holds objects; `-` is stdin.
    pub(crate) session: Option<PathBuf>,
    /// To remove: patterns among the known sessions. To get: the servers to ask.
    pub(crate) computer_name: Vec<String>,
    pub(crate) name: Vec<String>,
    pub(crate) instance_id: Vec<Uuid>,
    pub(crate) container_id: Vec<String>,
    pub(crate) vm_id: Vec<Uuid>,
    pub(crate) vm_name: Vec<String>,
    pub(crate) state: Option<StateFilter>,
    pub(crate) configuration_name: Option<String>,
}

/// How to reach servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reaching {
    pub(crate) credential: Option<String>,
    /// Never one that is refused.
    pub(crate) authentication: Option<Authentication>,
    pub(crate) use_ssl: Option<bool>,
    pub(crate) port: Option<u16>,
    pub(crate) application_name: Option<String>,
    /// http and https URLs without a user.
    pub(crate) connection_uri: Vec<String>,
    /// As in PowerShell, 0 and less mean no limit of the user's.
    pub(crate) throttle_limit: Option<i32>,
}

/// The common parameters that have an effect; `None` where nothing was said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Common {
    pub(crate) what_if: Option<bool>,
    pub(crate) confirm: Option<bool>,
    pub(crate) verbose: Option<bool>,
    pub(crate) debug: Option<bool>,
    /// Never one that is refused.
    pub(crate) error_action: Option<ActionPreference>,
}

impl Bound {
    pub(super) fn new(cmdlet: Cmdlet) -> Self {
        Self {
            cmdlet,
            set: cmdlet.default_set(),
            selection: Selection::default(),
            reaching: Reaching::default(),
            common: Common::default(),
            ignored: Vec::new(),
            ours: Vec::new(),
        }
    }

    /// The selectors for a query; none for objects of `-Session`, nor for the servers that Get-PSSession asks.
    pub(crate) fn selectors(&self) -> Result<Vec<Selector>, BindingError> {
        let given = &self.selection;
        let mut selectors = Vec::new();
        selectors.extend(some(&given.id).map(Selector::Id));
        if self.cmdlet == Cmdlet::RemovePSSession {
            selectors.extend(self.computer_names()?);
        }
        selectors.extend(self.patterns("Name", &given.name)?.map(Selector::Name));
        selectors.extend(some(&given.instance_id).map(Selector::InstanceId));
        selectors.extend(some(&given.container_id).map(Selector::ContainerId));
        selectors.extend(some(&given.vm_id).map(Selector::VmId));
        selectors.extend(self.patterns("VMName", &given.vm_name)?.map(Selector::VmName));
        Ok(selectors)
    }

    /// `-ComputerName` as a selector among the known sessions.
    pub(crate) fn computer_names(&self) -> Result<Option<Selector>, BindingError> {
        let patterns = self.patterns("ComputerName", &self.selection.computer_name)?;
        Ok(patterns.map(Selector::ComputerName))
    }

    /// The filters for a query: `-State` and `-ConfigurationName`.
    pub(crate) fn filters(&self) -> Result<Vec<Filter>, BindingError> {
        let mut filters = Vec::new();
        filters.extend(
            self.selection.state.and_then(StateFilter::state).map(|state| Filter::State(vec![state])),
        );
        let configuration: Vec<String> = self.selection.configuration_name.iter().cloned().collect();
        filters.extend(self.patterns("ConfigurationName", &configuration)?.map(Filter::ConfigurationName));
        Ok(filters)
    }

    fn patterns(
        &self,
        parameter: &'static str,
        texts: &[String],
    ) -> Result<Option<Vec<WildcardPattern>>, BindingError> {
        if texts.is_empty() {
            return Ok(None);
        }
        let patterns: Result<_, PatternError> = texts.iter().map(|text| WildcardPattern::new(text)).collect();
        let fail = |error| BindingError::new(self.cmdlet, Problem::BadPattern { parameter, error });
        patterns.map(Some).map_err(fail)
    }
}

/// The values, if there are any.
fn some<T: Clone>(values: &[T]) -> Option<Vec<T>> {
    (!values.is_empty()).then(|| values.to_vec())
}
