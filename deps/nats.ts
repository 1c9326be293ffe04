/** The official NATS client, loaded by the NATS adapter of `bus/` alone. @module */
export * from "npm:@nats-io/transport-node@3.4.0";
