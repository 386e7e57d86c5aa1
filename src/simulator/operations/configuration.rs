//! Get of the service's configuration and of its plug-ins'.

use crate::simulator::account::Account;
use crate::simulator::answers::{self, Answer};
use crate::simulator::configuration::{Part, Settings};
use crate::simulator::faults::{self, Refusal};
use crate::simulator::request::Request;
use crate::simulator::world::World;
use crate::wsman::uri;

impl World {
    /// Answers a Get of `part`. Its descriptor lets nobody but administrators read it over the network.
    pub(super) fn get_configuration(
        &self,
        account: &Account,
        request: &Request<'_>,
        part: Part,
    ) -> Result<Answer, Refusal> {
        let traits = self.traits();
        let configuration = traits.configuration.ok_or_else(|| Refusal::new(faults::INVALID_RESOURCE_URI))?;
        if !account.administrator {
            return Err(Refusal::new(faults::ACCESS_DENIED));
        }
        let mut body = String::new();
        if part == Part::Plugin {
            // Inferred: the resource needs its one selector, and a name that there is not is no selector of it.
            let name = request.plugin_name.ok_or_else(|| Refusal::new(faults::INSUFFICIENT_SELECTORS))?;
            if !configuration.write_plugin(&mut body, name) {
                return Err(Refusal::new(faults::UNEXPECTED_SELECTORS));
            }
        } else {
            let settings = Settings {
                envelope_size: traits.envelope_size,
                max_shells_per_user: self.max_shells_per_user(),
                is_hardened: traits.is_hardened,
            };
            configuration.write(&mut body, part, settings);
        }
        Ok(Answer::new(uri::GET, answers::TRANSFER, body))
    }
}
