//! The commands that PowerShell's spelling has.

use super::sets::Set;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cmdlet {
    /// `Remove-PSSession`, `rsn`.
    RemovePSSession,
    /// `Get-PSSession`, `gsn`.
    GetPSSession,
}

impl Cmdlet {
    pub(crate) const ALL: [Self; 2] = [Self::RemovePSSession, Self::GetPSSession];

    /// The command of this name or alias, in any case: a word of the command line, or the name of the program with
    /// or without `.exe`.
    pub(crate) fn named(word: &str) -> Option<Self> {
        let lower = word.to_ascii_lowercase();
        let name = lower.strip_suffix(".exe").unwrap_or(&lower);
        Self::ALL
            .into_iter()
            .find(|cmdlet| name == cmdlet.alias() || name == cmdlet.name().to_ascii_lowercase())
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::RemovePSSession => "Remove-PSSession",
            Self::GetPSSession => "Get-PSSession",
        }
    }

    pub(crate) fn alias(self) -> &'static str {
        match self {
            Self::RemovePSSession => "rsn",
            Self::GetPSSession => "gsn",
        }
    }

    /// What stands behind the comma in a fully qualified error id.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::RemovePSSession => "Microsoft.PowerShell.Commands.RemovePSSessionCommand",
            Self::GetPSSession => "Microsoft.PowerShell.Commands.GetPSSessionCommand",
        }
    }

    /// Its parameter sets, the default first.
    pub(crate) fn sets(self) -> &'static [Set] {
        match self {
            Self::RemovePSSession => Set::OF_REMOVE,
            Self::GetPSSession => Set::OF_GET,
        }
    }

    /// The set that is meant where nothing tells.
    pub(crate) fn default_set(self) -> Set {
        match self {
            Self::RemovePSSession => Set::Id,
            Self::GetPSSession => Set::Name,
        }
    }

    /// One line of what it does.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::RemovePSSession => "Close PowerShell sessions, and prove that they are gone",
            Self::GetPSSession => "List PowerShell sessions of the local table or on servers",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_known_in_any_case_and_as_programs() {
        for word in ["Remove-PSSession", "remove-pssession", "RSN", "rsn.exe", "Remove-PSSession.EXE"] {
            assert_eq!(Cmdlet::named(word), Some(Cmdlet::RemovePSSession), "{word}");
        }
        for word in ["Get-PSSession", "GET-PSSESSION", "gsn"] {
            assert_eq!(Cmdlet::named(word), Some(Cmdlet::GetPSSession), "{word}");
        }
        for word in ["", "remove", "rsn2", "Remove-PSSessionX", "pssession"] {
            assert_eq!(Cmdlet::named(word), None, "{word}");
        }
    }

    #[test]
    fn the_default_set_is_the_first_of_its_sets() {
        for cmdlet in Cmdlet::ALL {
            assert_eq!(cmdlet.sets().first(), Some(&cmdlet.default_set()));
        }
    }
}
