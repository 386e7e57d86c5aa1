//! How a simulated server protects itself: what `simulator` has options for.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use pssession::simulator::{ChannelBinding, SimulatorBuilder};

#[derive(Debug, Args)]
#[command(next_help_heading = "Security of the simulated server")]
pub(crate) struct SimulatedSecurityArgs {
    /// Also offer Basic, and accept unencrypted messages
    #[arg(long)]
    pub(crate) allow_unencrypted: bool,
    /// Also offer Basic; without --tls it needs --allow-unencrypted
    #[arg(long)]
    pub(crate) allow_basic: bool,
    /// Speak TLS, with a certificate that is made at the start
    #[arg(long)]
    pub(crate) tls: bool,
    /// Which logins over TLS must be bound to the certificate [default: as the profile has it]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pub(crate) extended_protection: Option<ExtendedProtection>,
    /// Accept Kerberos tickets for the service whose keys are in this keytab
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub(crate) keytab: Option<PathBuf>,
    /// Refuse NTLM
    #[arg(long)]
    pub(crate) no_ntlm: bool,
    /// Write each exchange to stderr: decrypted, without tokens and texts of the client, with what was expected
    #[arg(long)]
    pub(crate) trace: bool,
}

/// Values of CbtHardeningLevel.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ExtendedProtection {
    /// Bindings are not looked at
    None,
    /// A wrong binding is refused, a missing one is accepted
    Relaxed,
    /// A missing binding is refused, too
    Strict,
}

impl SimulatedSecurityArgs {
    /// Sets up a simulator so.
    pub(crate) fn apply(&self, mut builder: SimulatorBuilder) -> SimulatorBuilder {
        if self.allow_unencrypted {
            builder = builder.allow_unencrypted();
        }
        if self.allow_basic || self.allow_unencrypted {
            builder = builder.allow_basic();
        }
        if self.tls {
            builder = builder.tls(true);
        }
        if let Some(keytab) = &self.keytab {
            builder = builder.keytab(keytab);
        }
        if self.no_ntlm {
            builder = builder.ntlm(false);
        }
        if let Some(level) = self.extended_protection {
            builder = builder.channel_binding(match level {
                ExtendedProtection::None => ChannelBinding::None,
                ExtendedProtection::Relaxed => ChannelBinding::Relaxed,
                ExtendedProtection::Strict => ChannelBinding::Strict,
            });
        }
        if self.trace {
            builder = builder.trace(|exchange| {
                // A closed stderr leaves nobody to tell.
                let _ = writeln!(std::io::stderr().lock(), "{exchange}");
            });
        }
        builder
    }
}
