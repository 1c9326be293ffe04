/**
 * Troupe: parallel and distributed computing for TypeScript, on Deno and NATS. All that is public, name by name.
 *
 * Loading it loads no broker, no NATS client and no parser: these come with the first use. Works from a file and from a
 * URL, with no `deno.json` in reach.
 *
 * @example
 * ```ts
 * import { Cluster } from "./mod.ts";
 *
 * await using cluster = await Cluster.start({ n: 2 });
 * await using client = await cluster.connect();
 * const squares = await client.loadBalancedView().map((x: number) => x * x, [1, 2, 3]);
 * console.log(squares); // [ 1, 4, 9 ]
 * ```
 * @module
 */
export { Cluster, type ClusterConnection, type OrderOptions } from "./cluster/cluster.ts";
export type { ClusterOptions } from "./cluster/cluster_options.ts";
export type { Durability, StoreKind } from "./store/store.ts";
export type { ClientConnectOptions } from "./cluster/connect_client.ts";
export { Client, type ClientConstructor } from "./cluster/public_client.ts";

export type { Client as AttachedClient, EngineWaitOptions } from "./client/client.ts";
export type { Jobs } from "./client/jobs.ts";
export type { ResultStatus } from "./client/questions.ts";
export type { EngineQueueStatus, EngineTaskIds, QueueStatus, QueueStatusOptions } from "./client/queue_status.ts";
export type {
  HubRecord,
  QueryCondition,
  QueryOptions,
  QueryValue,
  RecordQuery,
  TimeField,
} from "./client/record_query.ts";
export type { AskOptions } from "./client/ask_options.ts";
export { AsyncMapResult } from "./client/async_map_result.ts";
export {
  AsyncResult,
  type GetOptions,
  type OnRejected,
  type PerTask,
  type ResultOf,
  type WithErrors,
} from "./client/async_result.ts";
export type { InteractiveOptions } from "./client/interactive_wait.ts";
export { type JoinedItem, joinResults } from "./client/join_results.ts";
export type { TaskProgress } from "./client/live_task.ts";
export type { EchoOptions } from "./client/output_echo.ts";
export type { DisplayBundle } from "./client/notebook_display.ts";
export type { OutputLine } from "./client/output_watch.ts";
export type { ProgressOutput } from "./client/progress_bar.ts";
export { type CurrentTask, currentTask } from "./client/current_task.ts";
export { depend, type Dependent, dependent, type Depending } from "./client/depend.ts";
export { Dependency, type DependencyJob, type DependencyJobs, type DependencyOptions } from "./client/dependency.ts";
export type { DependencyValue } from "./client/dependency_flag.ts";
export {
  type DirectRemoteWrapper,
  type DirectResult,
  DirectView,
  type GatherOptions,
  type JoinedResult,
  type ScatterOptions,
  type Targets,
} from "./client/direct_view.ts";
export type { DirectFlagOptions } from "./client/direct_flags.ts";
export type { ShutdownOptions } from "./client/engine_orders.ts";
export { Executor, type ExecutorShutdownOptions } from "./client/executor.ts";
export type { Distribution } from "./client/partition.ts";
export { Reference } from "./client/reference.ts";
export { LoadBalancedView } from "./client/load_balanced_view.ts";
export {
  type PiscinaClass,
  piscinaOn,
  type PiscinaOptions,
  PiscinaPool,
  type PiscinaRunOptions,
} from "./client/piscina_pool.ts";
export {
  type ExecOptions,
  type ProxyOf,
  type WorkerPoolModule,
  workerpoolOn,
  WorkerpoolPool,
  WorkerpoolPromise,
  type WorkerpoolStats,
} from "./client/workerpool_pool.ts";
export type {
  ElementOf,
  Fitting,
  FittingArguments,
  LazySequences,
  MapFunction,
  RowOf,
  Sequences,
} from "./client/fitting.ts";
export type { OrResult, PartsOf, ValueOf, ValuesOf, WithResults } from "./client/with_results.ts";
export type { BackoffOptions, FlagOptions } from "./client/task_flags.ts";
export type {
  Asynchronous,
  AsynchronousWrapper,
  DecoratedMethod,
  FunctionWrapper,
  MethodDecorator,
  PlainWrapper,
  PromisingWrapper,
} from "./client/function_wrapper.ts";
export type {
  ElementSequences,
  ParallelFunction,
  ParallelResult,
  ParallelWrapper,
  PartSequences,
  RemoteFunction,
  RemoteWrapper,
} from "./client/parallel_function.ts";
export type { Joined } from "./client/parallel_parts.ts";
export { type RemoteModule, remoteModule } from "./client/remote_module.ts";
export { type AnyClass, registerType, type RegisterTypeOptions } from "./client/registered_type.ts";
export { require, type Requirement } from "./client/require.ts";
export type { AnyFunction } from "./client/source_text.ts";
export type { TaskMetadata } from "./client/task_metadata.ts";
export type { WaitOptions } from "./client/waiting.ts";
export type { Cause, Explanation, StoryLine } from "./protocol/explanation.ts";
export type { LastEnd, SupervisedKind, SupervisedState, SupervisionNode } from "./protocol/supervision.ts";
export type { OutputChannel, TaskStatus } from "./protocol/outcome.ts";
export type { WaitingTasks } from "./protocol/queue_status.ts";

export { Actor, type ActorContext, type WatchEvent } from "./actors/actor.ts";
export { ActorSystem, type ConnectOptions, type LocalOptions } from "./actors/actor_system.ts";
export type { CodecName } from "./actors/argument_codec.ts";
export { type ChildSpec, childSpec, type SupervisorOptions } from "./actors/child_spec.ts";
export type { LinkBounds } from "./actors/link_bounds.ts";
export type { NodeAddress } from "./actors/link_port.ts";
export type {
  ActorAddress,
  AnyMethod,
  CallOptions,
  Calls,
  Casts,
  EndReason,
  MethodName,
  Ref,
  RouteEvent,
} from "./actors/ref.ts";
export type { ChildStatus, RestartKind, RestartStrategy } from "./actors/restart_policy.ts";
export type { ActorClass, AnyActorClass, SpawnArguments, SpawnBasics, SpawnOptions } from "./actors/spawn_options.ts";
export { type ChildReport, Supervisor } from "./actors/supervisor.ts";
export type { Watch } from "./actors/watch.ts";

export type {
  Bus,
  BusHeaders,
  BusMessage,
  BusStatus,
  BusSubscription,
  PublishOptions,
  RequestOptions,
  SubscribeOptions,
} from "./bus/bus.ts";
export type { NatsCredentials } from "./bus/nats_address.ts";
export type { NodeRole } from "./protocol/subjects.ts";
export type { Clock, TimerHandle } from "./wire/clock.ts";
export type { Log, LogLevel } from "./wire/log.ts";

export {
  AlreadyRunning,
  AuthorizationError,
  CompositeError,
  ConnectionError,
  DependencyTimeout,
  EngineError,
  ImpossibleDependency,
  InvalidDependency,
  MailboxFull,
  NameTaken,
  NoEnginesRegistered,
  NotRunning,
  RemoteError,
  type RemoteErrorDetails,
  SerializationError,
  StoreError,
  TaskAborted,
  TaskPending,
  TaskTimeout,
  TimeoutError,
  TroupeError,
  UnknownTask,
  UnmetDependency,
  VersionMismatch,
} from "./wire/errors.ts";
