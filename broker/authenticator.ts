/**
 * Who a client is: compares what it says with the users of the broker, and gives what that user may do.
 *
 * Secrets are kept as digests and compared in constant time; an unknown name costs as much as a wrong password. Never
 * logs, never prints a secret. Asked by client connections on each CONNECT.
 * @module
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { compilePermissions, type Permissions, unrestricted } from "./permissions.ts";
import type { SubjectPermissions } from "../protocol/subjects.ts";

/** Somebody who may connect. Without `permissions` everything is allowed. */
export interface BrokerUser {
  /** Unique, not empty. */
  readonly user: string;
  /** Not empty. */
  readonly password: string;
  /** Allow lists; default: everything. */
  readonly permissions?: SubjectPermissions;
}

/** What the broker knows of users. */
export interface AuthenticatorOptions {
  /** Default: none, so nobody gets in. */
  readonly users?: readonly BrokerUser[];
  /** Another way in: a token, for whoever holds it everything is allowed. */
  readonly authToken?: string;
  /** Everybody gets in and may do everything; for tests. Excludes `users` and `authToken`. */
  readonly allowAnonymous?: boolean;
}

/** What a client says of itself. */
export interface Credentials {
  /** Each is empty where the client did not name it. */
  readonly user: string;
  /** As it was typed. */
  readonly password: string;
  /** Instead of user and password. */
  readonly token: string;
}

interface KnownUser {
  readonly password: Uint8Array;
  readonly permissions: Permissions;
}

/** The users of one broker. */
export class Authenticator {
  /** Whether clients must say who they are. */
  readonly required: boolean;
  readonly #users = new Map<string, KnownUser>();
  readonly #token: Uint8Array | undefined;

  /** `TypeError` for users that make no sense. */
  constructor(options: AuthenticatorOptions) {
    this.required = options.allowAnonymous !== true;
    const users = options.users ?? [];
    if (!this.required && (users.length > 0 || options.authToken !== undefined)) {
      throw new TypeError("Cannot let everybody in and know users too: give either allowAnonymous or users.");
    }
    for (const each of users) this.#add(each);
    if (options.authToken === "") throw new TypeError("Cannot use an empty authToken: leave it out, or draw one.");
    this.#token = options.authToken === undefined ? undefined : digest(options.authToken);
  }

  /** What the client may do; `undefined` where it may not come in. */
  admit(credentials: Credentials): Permissions | undefined {
    if (!this.required) return unrestricted;
    if (this.#token !== undefined && credentials.token !== "") {
      return timingSafeEqual(digest(credentials.token), this.#token) ? unrestricted : undefined;
    }
    const known = this.#users.get(credentials.user);
    const matches = timingSafeEqual(digest(credentials.password), known?.password ?? NOBODYS_PASSWORD);
    return matches ? known?.permissions : undefined;
  }

  /** What a user of this name may do, without asking for the password: for code in the broker's own process. */
  permissionsOf(user: string): Permissions {
    const known = this.#users.get(user);
    if (known === undefined) {
      throw new TypeError(`Cannot connect as "${user}": the broker has no user of this name; add it to "users".`);
    }
    return known.permissions;
  }

  #add({ user, password, permissions }: BrokerUser): void {
    if (user === "" || password === "") {
      throw new TypeError(`Cannot add the user "${user}": neither the name nor the password may be empty.`);
    }
    if (this.#users.has(user)) throw new TypeError(`Cannot add the user "${user}" twice: names are unique.`);
    this.#users.set(user, {
      password: digest(password),
      permissions: permissions === undefined ? unrestricted : compilePermissions(permissions),
    });
  }
}

function digest(secret: string): Uint8Array {
  return createHash("sha256").update(secret).digest();
}

/** No text has this digest that anybody knows of. */
const NOBODYS_PASSWORD = new Uint8Array(32);
