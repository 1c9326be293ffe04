/**
 * The users of a cluster on a `nats-server`: one a role, each allowed the subjects of its role and no others.
 *
 * Draws passwords and writes the text of the server's configuration; touches no files. The command line writes them.
 * @module
 */
import { type CredentialRole, type SubjectPermissions, subjectPermissions } from "../protocol/subjects.ts";
import { type Credentials, makeCredentials } from "./credentials.ts";

const ROLES: readonly CredentialRole[] = ["client", "host", "controller"];

/** Fresh credentials whose user names begin with the cluster's, since a server may serve several. */
export function makeNatsCredentials(cluster: string): Credentials {
  const made = Object.entries(makeCredentials());
  return Object.fromEntries(made.map(([role, credential]) => [role, { ...credential, user: `${cluster}-${role}` }]));
}

/** The `authorization` block for these users. Throws a `TypeError` where a role has no user and password. */
export function natsUsersConfig(cluster: string, credentials: Credentials): string {
  const users = ROLES.map((role) => {
    const { user, password } = credentials[role] ?? {};
    if (user === undefined || password === undefined) {
      throw new TypeError(`Cannot write the user of "${role}" for "${cluster}": it needs a user and a password.`);
    }
    return userEntry(user, password, subjectPermissions(cluster, role));
  });
  return `# The users of the Troupe cluster "${cluster}" on a nats-server; its configuration takes this in with
#   include "nats-users.conf"
# Further clusters and programs on the same server have their users in the same list.
authorization {
  users: [
${users.join("\n")}
  ]
}
`;
}

function userEntry(user: string, password: string, { publish, subscribe }: SubjectPermissions): string {
  return `    {
      user: ${JSON.stringify(user)}, password: ${JSON.stringify(password)}
      permissions: { publish: ${JSON.stringify(publish)}, subscribe: ${JSON.stringify(subscribe)} }
    }`;
}
