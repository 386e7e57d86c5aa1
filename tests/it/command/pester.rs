//! The tests of the PowerShell module, by Pester in a real PowerShell.

use std::io::Write as _;
use std::path::Path;

use crate::support::pwsh::pwsh;

/// What a PowerShell without Pester ends with.
const NO_PESTER: i32 = 77;

#[test]
fn the_modules_own_tests_pass() {
    let home = tempfile::tempdir().unwrap();
    let Some(pwsh) = pwsh(home.path()) else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/powershell");
    let script = format!(
        "if (-not (Get-Module -ListAvailable -Name Pester | Where-Object Version -GE '5.0')) {{ exit {NO_PESTER} }}
         $configuration = New-PesterConfiguration
         $configuration.Run.Path = '.'
         $configuration.Run.Exit = $true
         $configuration.Output.Verbosity = 'Detailed'
         $configuration.Output.RenderMode = 'Plaintext'
         Invoke-Pester -Configuration $configuration"
    );
    let (stdout, code, all) = pwsh.current_dir(&folder).run(&script);
    if code == Some(NO_PESTER) {
        let _ = writeln!(std::io::stderr(), "SKIPPED: PowerShell is there, but no Pester 5");
        return;
    }
    assert_eq!(code, Some(0), "{all}");
    assert!(stdout.contains("Failed: 0, "), "{all}");
}
