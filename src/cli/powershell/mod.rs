//! PowerShell's spelling: `Remove-PSSession -ComputerName Serv* -WhatIf`. Words in, one bound command out; nothing here
//! reads the clock, a file or the environment.
//!
//! ```text
//! argv ──words──▶ words and our own options ──names──▶ parameters ──filling──▶ values ──sets──▶ Bound
//! ```
//!
//! One table ([`parameters::PARAMETERS`]) drives binding, help, completion and the PowerShell module.

mod assign;
mod binder;
mod bound;
mod cmdlet;
mod convert;
mod cursor;
mod declaration;
mod error;
mod help;
mod module;
mod names;
mod options;
mod parameters;
mod preferences;
mod sets;
mod words;

pub(crate) use binder::{Binding, bind};
pub(crate) use bound::{Bound, Reaching};
pub(crate) use cmdlet::Cmdlet;
pub(crate) use cursor::{Cursor, cursor};
pub(crate) use declaration::Parameter;
pub(crate) use error::BindingError;
pub(crate) use help::{help, page};
pub(crate) use module::{MODULE, files as module_files};
pub(crate) use names::{is_verbose, parameter_named, selector_with_two_dashes};
pub(crate) use options::arity;
