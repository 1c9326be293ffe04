/** The official NATS client, loaded by the NATS adapter of `bus/` alone. @module */
export * from "npm:@nats-io/transport-node@3.4.0";
// Its main module does not name these; `bus/nats_transport.ts` mends the class.
export { nodeResolveHost, NodeTransport } from "npm:@nats-io/transport-node@3.4.0/lib/node_transport.js";
