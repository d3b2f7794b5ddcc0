//! Every action that the audit trail can tell; `docs/audit.md` lists them too, and a test compares the two.

/// Something that the trail tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Action {
    /// Its name, such as `user.create`. What stands before the dot is its family.
    pub name: &'static str,
    /// The kind of what it is done to.
    pub target_kind: &'static str,
    /// What happened, and what its details tell.
    pub meaning: &'static str,
}

macro_rules! actions {
    ($($constant:ident $name:literal on $target_kind:literal: $meaning:literal;)*) => {
        $(
            #[doc = $meaning]
            pub const $constant: Action = Action { name: $name, target_kind: $target_kind, meaning: $meaning };
        )*

        /// Every action by name.
        pub const ALL: &[Action] = &[$($constant),*];
    };
}

actions! {
    ACCESS_DENY "access.deny" on "permission": "A caller lacked the permission for a route, told once a minute for each.";
    ADMINISTRATOR_RECOVER "administrator.recover" on "user": "The operator gave the administrator a new password and their rights again.";
    APPLICATION_ADD_SECRET "application.add_secret" on "application": "A second secret was made; `before` and `after` list the living ones by id.";
    APPLICATION_CREATE "application.create" on "application": "An application was made.";
    APPLICATION_DELETE "application.delete" on "application": "An application was deleted; its tokens ended.";
    APPLICATION_SET_PERMISSIONS "application.set_permissions" on "application": "What an application holds of its own was replaced.";
    APPLICATION_SET_ROLES "application.set_roles" on "application": "A role was given to an application, or taken from it.";
    APPLICATION_UPDATE "application.update" on "application": "An application was changed; `before` and `after` hold what changed.";
    APPLICATION_WITHDRAW_SECRET "application.withdraw_secret" on "application": "A secret was withdrawn; its tokens ended.";
    AUDIT_EXPORT "audit.export" on "tenant": "A trail was exported; `filter` tells which part. The nil UUID is the deployment, also where an operator exports every trail.";
    DEPLOYMENT_RESTORE "deployment.restore" on "deployment": "Both databases were restored from a backup; an event of the deployment.";
    EXCHANGE_END "exchange.end" on "application": "An application logged out; the tokens of `session` ended.";
    GROUP_ADD_MEMBER "group.add_member" on "group": "`user` was put into a group, from `validFrom` and until `validUntil` where those are told; `before` and `after` list all groups of the user.";
    GROUP_CREATE "group.create" on "group": "A group was made.";
    GROUP_DELETE "group.delete" on "group": "A group was deleted, and nobody is in it any more.";
    GROUP_REMOVE_MEMBER "group.remove_member" on "group": "`user` was taken out of a group; `before` and `after` list all groups of the user.";
    GROUP_SET_PERMISSIONS "group.set_permissions" on "group": "What a group permits of its own was replaced.";
    GROUP_SET_ROLES "group.set_roles" on "group": "A role was given to a group, or taken from it.";
    GROUP_UPDATE "group.update" on "group": "A group was renamed, or by a declared file changed as a whole.";
    LOGIN_FAIL "login.fail" on "user": "A password was not accepted; `reason` tells why. The target is empty where nobody has the name, which is not kept: it may be a password.";
    PERMISSION_ASK "permission.ask" on "subject": "A permission question about somebody else, which the caller may not ask.";
    PRODUCT_DECLARE "product.declare" on "product": "A product declared its permissions and roles; `before` and `after` hold what changed.";
    ROLE_CREATE "role.create" on "role": "A role was made.";
    ROLE_DELETE "role.delete" on "role": "A role was deleted, and nobody has it any more.";
    ROLE_SET_PERMISSIONS "role.set_permissions" on "role": "What a role permits was replaced.";
    ROLE_UPDATE "role.update" on "role": "A role was renamed, or what it permits was changed.";
    SESSION_ADMINISTER "session.administer" on "user": "Somebody's sessions were asked for by a caller who may do less than they.";
    SESSION_BEGIN "session.begin" on "session": "A person logged in.";
    SESSION_END "session.end" on "session": "A session ended before its time; `reason` tells why.";
    SESSION_END_ALL "session.end_all" on "user": "All sessions of a person ended; `reason` tells why.";
    SESSION_REFRESH "session.refresh" on "session": "A refresh token was not accepted; `reason` tells why.";
    SESSION_RETRY "session.retry" on "session": "A refresh token was redeemed again within the grace, and got the same successor.";
    SIGNING_KEY_ACTIVATE "signing_key.activate" on "signing_key": "A signing key signs from now on; `replaced` verifies until `replacedUntil`.";
    SIGNING_KEY_CREATE "signing_key.create" on "signing_key": "A signing key was made; an event of the deployment.";
    SIGNING_KEY_HASTEN "signing_key.hasten" on "signing_key": "A published signing key will sign earlier, from `signsAt`.";
    SIGNING_KEY_IMPORT "signing_key.import" on "signing_key": "A signing key was brought by the operator.";
    SIGNING_KEY_REMOVE "signing_key.remove" on "signing_key": "A signing key went; `was` tells the stage it was in.";
    SIGNING_KEY_RETIRE "signing_key.retire" on "signing_key": "A signing key signs no more and verifies until `until`.";
    TENANT_ADMINISTER "tenant.administer" on "tenant": "A caller who does not administer the platform asked for, or acted on, tenants.";
    TENANT_CREATE "tenant.create" on "tenant": "A tenant was made.";
    TENANT_DELETE "tenant.delete" on "tenant": "A tenant was deleted; every token in it ended.";
    TENANT_UPDATE "tenant.update" on "tenant": "A tenant was changed; `before` and `after` hold what changed.";
    USER_CHANGE_PASSWORD "user.change_password" on "user": "A person changed their own password, or tried to; all their tokens ended.";
    USER_CREATE "user.create" on "user": "A user was made.";
    USER_DELETE "user.delete" on "user": "A user was deleted; all their tokens ended.";
    USER_RESET_PASSWORD "user.reset_password" on "user": "A user was given another password; all their tokens ended.";
    USER_SET_PERMISSIONS "user.set_permissions" on "user": "What a user holds of their own was replaced.";
    USER_SET_ROLES "user.set_roles" on "user": "A role was given to a user, or taken from them.";
    USER_UPDATE "user.update" on "user": "A user was changed; `before` and `after` hold what changed.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_sorted_and_listed_in_the_documentation() {
        assert!(ALL.is_sorted_by(|one, next| one.name < next.name));
        let row = |action: &Action| format!("| `{}` | {} | {} |\n", action.name, action.target_kind, action.meaning);
        let table: String = ALL.iter().map(row).collect();
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/audit.md");
        let page = std::fs::read_to_string(page).unwrap();
        let listed: String = page
            .lines()
            .skip_while(|line| *line != "## Every action")
            .filter(|line| line.starts_with("| `"))
            .map(|line| format!("{line}\n"))
            .collect();
        assert_eq!(listed, table, "the table of actions in docs/audit.md must be:\n{table}");
    }
}
