//! Other clients and the server's own people, who act while the engine works.

use fastrand::Rng;
use pssession::simulator::{SimulatedShell, World};

use super::scenario::{OWNERS, guid};

/// What they may do without breaking what the invariants assume.
#[derive(Clone, Copy, Debug)]
pub(super) struct People {
    /// An administrator looks on: owners may change and ids may return, for it would see that. Who sees only their
    /// own shells could not tell a shell that was given away from one that is gone.
    pub(super) all_is_seen: bool,
}

/// What was done.
#[derive(Debug)]
pub(super) struct Act {
    pub(super) story: String,
    /// All connections died of it.
    pub(super) restarts: bool,
}

impl People {
    /// Does one thing on `world`; `None` if there was nothing to do it to.
    pub(super) fn act(self, dice: &mut Rng, world: &mut World, known: &[String]) -> Option<Act> {
        let action = dice.u8(..24);
        if action == 0 {
            world.restart();
            return Some(Act { story: "the service restarts".to_owned(), restarts: true });
        }
        let story = match action {
            1..3 => self.open(dice, world, known),
            _ => self.change(dice, world, action)?,
        };
        Some(Act { story, restarts: false })
    }

    fn change(self, dice: &mut Rng, world: &mut World, action: u8) -> Option<String> {
        let shells = world.shells_mut();
        if shells.is_empty() {
            return None;
        }
        let index = dice.usize(..shells.len());
        let shell = &mut shells[index];
        let id = shell.shell_id.clone();
        match action {
            3..6 => {
                shells.remove(index);
                Some(format!("somebody closes {id}"))
            }
            6..8 if self.all_is_seen => {
                shell.owner = dice.choice(OWNERS).copied().unwrap_or_default().to_owned();
                Some(format!("{id} is {}'s", shell.owner))
            }
            8..11 => {
                shell.client_ip = format!("10.0.2.{}", dice.u8(..4));
                shell.state = shell.state.take().map(|_| "Connected".to_owned());
                Some(format!("{id} is connected from {}", shell.client_ip))
            }
            11..13 => {
                shell.state = shell.state.take().map(|_| "Disconnected".to_owned());
                Some(format!("{id} is disconnected"))
            }
            13..17 => {
                *shell = shell.clone().running(&guid(dice), "ping -t localhost");
                Some(format!("a command starts in {id}"))
            }
            17..19 => shell.commands.pop().map(|_| format!("a command ends in {id}")),
            19 => {
                shell.undecodable = true;
                Some(format!("{id} cannot be decoded any more"))
            }
            20..24 => {
                shells.iter_mut().for_each(|shell| shell.undecodable = false);
                Some("all can be decoded".to_owned())
            }
            _ => None,
        }
    }

    fn open(self, dice: &mut Rng, world: &mut World, known: &[String]) -> String {
        let owner = dice.choice(OWNERS).copied().unwrap_or_default();
        let again = dice.choice(known).filter(|_| self.all_is_seen && dice.bool());
        let again = again.filter(|id| world.shells().iter().all(|s| !s.shell_id.eq_ignore_ascii_case(id)));
        let id = again.cloned().unwrap_or_else(|| guid(dice));
        world.add(SimulatedShell::powershell(&id, "Runspace9", owner, "Microsoft.PowerShell"));
        format!("{owner} opens {id}")
    }
}
