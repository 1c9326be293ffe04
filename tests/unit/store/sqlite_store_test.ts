/** The SQLite adapter: the conformance suite. @module */
import { SqlitePlace } from "./sqlite_place.ts";
import { storeConformance } from "./store_conformance.ts";

storeConformance("sqlite", () => SqlitePlace.make());
