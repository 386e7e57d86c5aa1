//! Get of the service's configuration and of its plug-ins'.

use crate::simulator::account::Account;
use crate::simulator::answers::{self, Answer};
use crate::simulator::configuration::{ConfigurationResource, Settings};
use crate::simulator::faults::{self, Refusal};
use crate::simulator::request::Request;
use crate::simulator::world::World;
use crate::wsman::uri;

impl World {
    /// Answers a Get of `resource`. Its descriptor lets nobody but administrators read it over the network.
    pub(super) fn get_configuration(
        &self,
        account: &Account,
        request: &Request<'_>,
        resource: ConfigurationResource,
    ) -> Result<Answer, Refusal> {
        let traits = self.traits();
        let configuration = traits.configuration.ok_or_else(|| Refusal::new(faults::INVALID_RESOURCE_URI))?;
        if !account.administrator {
            return Err(Refusal::new(faults::ACCESS_DENIED));
        }
        let mut body = String::new();
        match resource {
            ConfigurationResource::Service(part) => {
                let settings = Settings {
                    envelope_size: traits.envelope_size,
                    max_shells_per_user: self.max_shells_per_user(),
                    is_hardened: traits.is_hardened,
                };
                configuration.write(&mut body, part, settings);
            }
            ConfigurationResource::Plugin => {
                // Inferred: the resource needs its one selector, and a name that there is not is no selector of it.
                let name = request.plugin_name.ok_or_else(|| Refusal::new(faults::INSUFFICIENT_SELECTORS))?;
                if !configuration.write_plugin(&mut body, name) {
                    return Err(Refusal::new(faults::UNEXPECTED_SELECTORS));
                }
            }
        }
        Ok(Answer::new(uri::GET, answers::TRANSFER, body))
    }
}
