//! What a host says of its own configuration: `winrm/config`, its parts, and the plug-ins (MS-WSMV 2.2.4, Complex Types).
//! The service's configuration is in the form that a recorded Windows answers with; the values are the defaults of each
//! generation.

use std::fmt::Write as _;

/// The default values of one generation.
#[derive(Debug)]
pub(super) struct Configuration {
    pub(super) max_batch_items: u32,
    pub(super) enumeration_timeout_ms: u32,
    pub(super) max_operations_per_user: u32,
    pub(super) max_connections: u32,
    pub(super) max_concurrent_users: u32,
    pub(super) max_processes_per_shell: u32,
    pub(super) max_memory_per_shell_mb: u32,
    pub(super) idle_timeout_ms: u32,
    /// MaxShellsPerUser, MaxShells of a PowerShell plug-in.
    pub(super) plugin_shells: (u32, u32),
    /// MaxIdleTimeoutms of a PowerShell plug-in.
    pub(super) plugin_max_idle_timeout_ms: u32,
}

/// No limit: INT_MAX.
const UNLIMITED: u32 = 2_147_483_647;

pub(super) const STACK_2: Configuration = Configuration {
    max_batch_items: 32_000,
    enumeration_timeout_ms: 60_000,
    max_operations_per_user: 15,
    max_connections: 25,
    max_concurrent_users: 5,
    max_processes_per_shell: 15,
    max_memory_per_shell_mb: 150,
    idle_timeout_ms: 180_000,
    plugin_shells: (5, 25),
    plugin_max_idle_timeout_ms: UNLIMITED,
};

pub(super) const WINDOWS_2012: Configuration = Configuration {
    max_batch_items: 32_000,
    enumeration_timeout_ms: 240_000,
    max_operations_per_user: 1_500,
    max_connections: 300,
    max_concurrent_users: 10,
    max_processes_per_shell: 25,
    max_memory_per_shell_mb: 1_024,
    idle_timeout_ms: 7_200_000,
    plugin_shells: (25, 25),
    plugin_max_idle_timeout_ms: 43_200_000,
};

pub(super) const WINDOWS_2016: Configuration = Configuration {
    max_concurrent_users: UNLIMITED,
    max_processes_per_shell: UNLIMITED,
    max_memory_per_shell_mb: UNLIMITED,
    plugin_shells: (UNLIMITED, UNLIMITED),
    plugin_max_idle_timeout_ms: UNLIMITED,
    ..WINDOWS_2012
};

/// What is not a default of the generation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    /// In bytes.
    pub(super) envelope_size: usize,
    pub(super) max_shells_per_user: usize,
    pub(super) is_hardened: bool,
}

/// What a resource of the configuration is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ConfigurationResource {
    Service(Part),
    /// One of the plug-ins, which a selector names.
    Plugin,
}

/// The service's configuration, or a part of it that has a resource of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    Client,
    Service,
    Winrs,
}

pub(super) const CONFIG: &str = "http://schemas.microsoft.com/wbem/wsman/1/config";
const PLUGIN_CONFIGURATION: &str = "http://schemas.microsoft.com/wbem/wsman/1/config/PluginConfiguration";

/// The plug-ins that have a configuration here: those of PowerShell.
const PLUGINS: &[&str] = &["microsoft.powershell", "microsoft.powershell32", "microsoft.powershell.workflow"];

impl ConfigurationResource {
    /// The one of that URI.
    pub(super) fn of(resource_uri: &str) -> Option<Self> {
        Some(match resource_uri.strip_prefix(CONFIG)? {
            "" => Self::Service(Part::Whole),
            "/client" => Self::Service(Part::Client),
            "/service" => Self::Service(Part::Service),
            "/winrs" => Self::Service(Part::Winrs),
            "/plugin" => Self::Plugin,
            _ => return None,
        })
    }
}

impl Configuration {
    /// Writes a part of the service's configuration.
    pub(super) fn write(&self, out: &mut String, part: Part, settings: Settings) {
        let xmlns = format!(r#" xmlns:cfg="{CONFIG}""#);
        match part {
            Part::Client => self.client(out, &xmlns),
            Part::Service => self.service(out, &xmlns, settings),
            Part::Winrs => self.winrs(out, &xmlns, settings),
            Part::Whole => {
                let _ = write!(
                    out,
                    concat!(
                        "<cfg:Config{}><cfg:MaxEnvelopeSizekb>{}</cfg:MaxEnvelopeSizekb>",
                        "<cfg:MaxTimeoutms>60000</cfg:MaxTimeoutms><cfg:MaxBatchItems>{}</cfg:MaxBatchItems>",
                        "<cfg:MaxProviderRequests>4294967295</cfg:MaxProviderRequests>",
                    ),
                    xmlns,
                    settings.envelope_size / 1_024,
                    self.max_batch_items,
                );
                self.client(out, "");
                self.service(out, "", settings);
                self.winrs(out, "", settings);
                out.push_str("</cfg:Config>");
            }
        }
    }

    fn client(&self, out: &mut String, xmlns: &str) {
        let _ = write!(
            out,
            concat!(
                "<cfg:Client{}><cfg:NetworkDelayms>5000</cfg:NetworkDelayms><cfg:URLPrefix>wsman</cfg:URLPrefix>",
                "<cfg:AllowUnencrypted>false</cfg:AllowUnencrypted><cfg:Auth><cfg:Basic>true</cfg:Basic>",
                "<cfg:Digest>true</cfg:Digest><cfg:Kerberos>true</cfg:Kerberos><cfg:Negotiate>true</cfg:Negotiate>",
                "<cfg:Certificate>true</cfg:Certificate><cfg:CredSSP>false</cfg:CredSSP></cfg:Auth>",
                "<cfg:DefaultPorts><cfg:HTTP>5985</cfg:HTTP><cfg:HTTPS>5986</cfg:HTTPS></cfg:DefaultPorts>",
                "<cfg:TrustedHosts></cfg:TrustedHosts></cfg:Client>",
            ),
            xmlns
        );
    }

    fn service(&self, out: &mut String, xmlns: &str, settings: Settings) {
        let _ = write!(
            out,
            concat!(
                "<cfg:Service{}><cfg:RootSDDL>O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)",
                "</cfg:RootSDDL><cfg:MaxConcurrentOperations>4294967295</cfg:MaxConcurrentOperations>",
                "<cfg:MaxConcurrentOperationsPerUser>{}</cfg:MaxConcurrentOperationsPerUser>",
                "<cfg:EnumerationTimeoutms>{}</cfg:EnumerationTimeoutms><cfg:MaxConnections>{}</cfg:MaxConnections>",
                "<cfg:MaxPacketRetrievalTimeSeconds>120</cfg:MaxPacketRetrievalTimeSeconds>",
                "<cfg:AllowUnencrypted>false</cfg:AllowUnencrypted><cfg:Auth><cfg:Basic>false</cfg:Basic>",
                "<cfg:Kerberos>true</cfg:Kerberos><cfg:Negotiate>true</cfg:Negotiate>",
                "<cfg:Certificate>false</cfg:Certificate><cfg:CredSSP>false</cfg:CredSSP>",
                "<cfg:CbtHardeningLevel>{}</cfg:CbtHardeningLevel></cfg:Auth>",
                "<cfg:DefaultPorts><cfg:HTTP>5985</cfg:HTTP><cfg:HTTPS>5986</cfg:HTTPS></cfg:DefaultPorts>",
                "<cfg:IPv4Filter>*</cfg:IPv4Filter><cfg:IPv6Filter>*</cfg:IPv6Filter>",
                "<cfg:EnableCompatibilityHttpListener>false</cfg:EnableCompatibilityHttpListener>",
                "<cfg:EnableCompatibilityHttpsListener>false</cfg:EnableCompatibilityHttpsListener>",
                "<cfg:CertificateThumbprint></cfg:CertificateThumbprint>",
                "<cfg:AllowRemoteAccess>true</cfg:AllowRemoteAccess></cfg:Service>",
            ),
            xmlns,
            self.max_operations_per_user,
            self.enumeration_timeout_ms,
            self.max_connections,
            if settings.is_hardened { "Strict" } else { "Relaxed" },
        );
    }

    fn winrs(&self, out: &mut String, xmlns: &str, settings: Settings) {
        let _ = write!(
            out,
            concat!(
                "<cfg:Winrs{}><cfg:AllowRemoteShellAccess>true</cfg:AllowRemoteShellAccess>",
                "<cfg:IdleTimeout>{}</cfg:IdleTimeout><cfg:MaxConcurrentUsers>{}</cfg:MaxConcurrentUsers>",
                "<cfg:MaxShellRunTime>2147483647</cfg:MaxShellRunTime>",
                "<cfg:MaxProcessesPerShell>{}</cfg:MaxProcessesPerShell>",
                "<cfg:MaxMemoryPerShellMB>{}</cfg:MaxMemoryPerShellMB>",
                "<cfg:MaxShellsPerUser>{}</cfg:MaxShellsPerUser></cfg:Winrs>",
            ),
            xmlns,
            self.idle_timeout_ms,
            self.max_concurrent_users,
            self.max_processes_per_shell,
            self.max_memory_per_shell_mb,
            settings.max_shells_per_user,
        );
    }

    /// Writes the configuration of a plug-in; `false` if there is none of that name. The form is inferred from what
    /// `winrm get` shows of it: no recorded answer is public.
    pub(super) fn write_plugin(&self, out: &mut String, name: &str) -> bool {
        let Some(name) = PLUGINS.iter().find(|plugin| plugin.eq_ignore_ascii_case(name)) else {
            return false;
        };
        let (shells_per_user, shells) = self.plugin_shells;
        let architecture = if name.ends_with("32") { r#" Architecture="32""# } else { "" };
        let _ = write!(
            out,
            concat!(
                r#"<PlugInConfiguration xmlns="{namespace}" Name="{name}""#,
                r#" Filename="%windir%\system32\pwrshplugin.dll" SDKVersion="2" XmlRenderingType="text""#,
                r#" Enabled="true"{architecture} UseSharedProcess="false" ProcessIdleTimeoutSec="0" RunAsUser="""#,
                r#" OutputBufferingMode="Block"><InitializationParameters></InitializationParameters><Resources>"#,
                r#"<Resource ResourceUri="http://schemas.microsoft.com/powershell/{name}" SupportsOptions="true""#,
                r#" ExactMatch="true"><Capability Type="Shell"></Capability></Resource></Resources>"#,
                r#"<Quotas MaxIdleTimeoutms="{idle}" IdleTimeoutms="7200000" MaxConcurrentUsers="{users}""#,
                r#" MaxProcessesPerShell="{processes}" MaxMemoryPerShellMB="{memory}""#,
                r#" MaxShellsPerUser="{shells_per_user}" MaxConcurrentCommandsPerShell="1000" MaxShells="{shells}">"#,
                "</Quotas></PlugInConfiguration>",
            ),
            namespace = PLUGIN_CONFIGURATION,
            name = name,
            architecture = architecture,
            idle = self.plugin_max_idle_timeout_ms,
            users = self.max_concurrent_users,
            processes = self.max_processes_per_shell,
            memory = self.max_memory_per_shell_mb,
            shells_per_user = shells_per_user,
            shells = shells,
        );
        true
    }
}
