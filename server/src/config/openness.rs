//! What may be open to others only where somebody has said so.

use super::{Config, ConfigError, EventConfig, PublicAddress, WithoutTicket};

impl Config {
    /// Whether fans of `event` may cheer without a ticket.
    pub(crate) fn anonymous(&self, event: &EventConfig) -> bool {
        self.is_welcome(event.anonymous.or(self.tickets.anonymous))
    }

    /// Whether displays may watch `event` without a ticket.
    pub(crate) fn public_feed(&self, event: &EventConfig) -> bool {
        self.is_welcome(event.public_feed.or(self.tickets.public_feed))
    }

    fn is_welcome(&self, said: WithoutTicket) -> bool {
        match said {
            // Where nobody can have a ticket, none is asked for.
            WithoutTicket::Auto => self.tickets.keys().is_empty(),
            WithoutTicket::Welcome => true,
            WithoutTicket::Refused => false,
        }
    }

    pub(super) fn check_openness(&self) -> Result<(), ConfigError> {
        let nobody_has_a_ticket = self.tickets.keys().is_empty();
        let open_to_others = self.listen.open_to_others();
        for event in &self.events {
            let fans = event.anonymous.or(self.tickets.anonymous);
            let displays = event.public_feed.or(self.tickets.public_feed);
            for (key, said) in [("tickets.anonymous", fans), ("tickets.public_feed", displays)] {
                if nobody_has_a_ticket && said == WithoutTicket::Refused {
                    return Err(ConfigError::key(
                        key,
                        format!("false for {}, and no key: nobody could come in", event.id),
                    ));
                }
            }
            if let Some(public) = open_to_others
                && nobody_has_a_ticket
                && fans == WithoutTicket::Auto
            {
                return Err(ConfigError::key("listen", how_to_open(public, event)));
            }
        }
        if self.admin.is_open_to_others() && self.admin_token.is_none() {
            return Err(ConfigError::key(
                "admin",
                format!(
                    "{} is open to others, who could close your events. Ask them for a token, in the configuration file,\n\n    \
                     admin_token_file = \"admin.token\"\n\n\
                     with a file that `openssl rand -hex 32 > admin.token` makes; or stay among yourselves:\n\n    \
                     admin = \"127.0.0.1:9600\"\n",
                    self.admin
                ),
            ));
        }
        Ok(())
    }
}

fn how_to_open(public: &PublicAddress, event: &EventConfig) -> String {
    format!(
        "{public} is open to others, and nothing says who may cheer at {}. Either your site hands out tickets; then these \
         lines belong into the configuration file,\n\n    \
         [tickets]\n    keys = [{{ id = \"1\", secret_file = \"ticket.key\" }}]\n\n\
         with a file that `openssl rand -base64 32 > ticket.key` makes. Or everybody may cheer without:\n\n    \
         [tickets]\n    anonymous = true\n\n\
         which is also said by BEAT_TICKETS_ANONYMOUS=true in the environment",
        event.id
    )
}
