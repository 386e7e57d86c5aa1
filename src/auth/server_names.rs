//! What a server says of itself while somebody logs in.

/// The server's own names, as its NTLM challenge has them (MS-NLMP 2.2.2.1, AV_PAIR). A name that the challenge lacks is
/// empty. They say nothing of the domains that the server's domain trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct ServerNames {
    /// `MsvAvNbDomainName`: the NetBIOS name of its domain; on a machine of a workgroup its own.
    pub netbios_domain: String,
    /// `MsvAvNbComputerName`: its own NetBIOS name.
    pub netbios_computer: String,
    /// `MsvAvDnsDomainName`: the DNS name of its domain; on a machine of a workgroup its own.
    pub dns_domain: String,
    /// The Kerberos realm of a login with a ticket, whose challenge was asked for without a proof; else empty.
    pub realm: String,
}
