/**
 * The NATS subjects of a cluster, and who may use which.
 *
 * Pure text: no I/O, no state. `actors` builds on the node subjects, `broker` enforces the allow lists, `cluster`
 * writes both into the connection file and into the configuration for a `nats-server`.
 * @module
 */

/** First token of every subject of ours. */
const SUBJECT_ROOT = "troupe";

/** What a process is in its cluster; `node` in an actor system that is not a task cluster. */
export type NodeRole = "controller" | "host" | "client" | "node";

/** The three credentials of a cluster. */
export type CredentialRole = "client" | "host" | "controller";

/** How the nodes of clients begin that live in an engine: longer than any other client's. */
export const TASK_CLIENT = "task";
const TASK_CLIENT_NAME = /^task[a-z0-9]{10}$/;

/** Whether a client's node, which is named by its session, is that of the tasks of an engine. */
export function isTaskClient(node: string): boolean {
  return TASK_CLIENT_NAME.test(node);
}

/**
 * The one subject of a node: all frames to it arrive here. Clients that live in an engine have theirs apart from the
 * others', so that a host, which listens for them, can hear no other client.
 */
export function nodeSubject(cluster: string, role: NodeRole, node: string): string {
  const place = role === "client" && isTaskClient(node) ? TASK_CLIENT : role;
  return `${SUBJECT_ROOT}.${cluster}.${place}.${node}`;
}

/** The node in an address: `client.a1b2` → `a1b2`. */
export function nodeName(address: string): string {
  return address.slice(address.indexOf(".") + 1);
}

/** Prefix of the inboxes of a node, below its subject. */
export function inboxPrefix(cluster: string, role: NodeRole, node: string): string {
  return `${nodeSubject(cluster, role, node)}.inbox`;
}

/** Where the owner of a unique actor name answers; nobody else may subscribe to it. */
export function nameSubject(cluster: string, actorName: string): string {
  return `${SUBJECT_ROOT}.${cluster}.name.${actorName}`;
}

/** The scheme in which nobody picks an engine: balanced tasks go past the scheduler. */
export const PURE_SCHEME = "pure";

/**
 * Where the scheme `pure` puts tasks: clients publish, hosts listen in one queue group, a member for each engine, so
 * that each message goes to one of them.
 */
export function pureSubject(cluster: string): string {
  return `${SUBJECT_ROOT}.${cluster}.pure`;
}

/** The queue group on that subject. */
export const PURE_QUEUE_GROUP = "engines";

/** Where clients put direct tasks for engines of several hosts: every host hears all of it, and takes its share. */
export function broadcastSubject(cluster: string): string {
  return `${SUBJECT_ROOT}.${cluster}.broadcast`;
}

/** What the stores of the cluster are kept under, in JetStream. */
export function storeSubject(cluster: string): string {
  return `troupe-store.${cluster}`;
}

/** The bucket with the right to lead: its stream is called `KV_` and this. */
export function leaseBucket(cluster: string): string {
  return `TROUPE_${cluster}_lease`;
}

/** What a controller with a store in JetStream says to the server. */
function storeSubjects(cluster: string): string[] {
  return ["$JS.API.>", "$JS.ACK.>", "$JS.FC.>", `$KV.${leaseBucket(cluster)}.>`, `${storeSubject(cluster)}.>`];
}

/** Subjects a credential may publish to and subscribe to, in NATS's own form. */
export interface SubjectPermissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/**
 * The allow lists of a credential. Clients and hosts hear only nodes of their own role, hosts those of their tasks'
 * clients besides; names belong to the controller; tasks past the scheduler go from clients to hosts, to one of them or
 * to all.
 */
export function subjectPermissions(cluster: string, role: CredentialRole): SubjectPermissions {
  const root = `${SUBJECT_ROOT}.${cluster}`;
  if (role === "controller") return { publish: [`${root}.>`, ...storeSubjects(cluster)], subscribe: [`${root}.>`] };
  const nodes = [`${root}.controller.>`, `${root}.host.>`, `${root}.client.>`, `${root}.name.*`];
  const heard = `${root}.${role}.>`;
  const tasks = `${root}.${TASK_CLIENT}.*`;
  const pastScheduler = [pureSubject(cluster), broadcastSubject(cluster)];
  return role === "client"
    ? { publish: [...nodes, ...pastScheduler], subscribe: [heard] }
    : { publish: [...nodes, tasks, pureSubject(cluster)], subscribe: [heard, tasks, ...pastScheduler] };
}
