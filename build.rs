//! Names what the features mean on the target system, so that one name in the sources says it:
//! `gssapi` (Kerberos through GSS-API), `sspi` (through SSPI), and `kerberos` (either).
#![expect(clippy::disallowed_methods, reason = "Cargo tells a build script by the environment")]

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for name in ["kerberos", "gssapi", "sspi"] {
        println!("cargo::rustc-check-cfg=cfg({name})");
    }
    let has = |feature: &str| env::var_os(format!("CARGO_FEATURE_{feature}")).is_some();
    let system = match env::var("CARGO_CFG_TARGET_FAMILY").as_deref() {
        Ok("unix") if has("KERBEROS") => "gssapi",
        Ok("windows") if has("SSPI") => "sspi",
        _ => return,
    };
    println!("cargo::rustc-cfg={system}");
    println!("cargo::rustc-cfg=kerberos");
}
