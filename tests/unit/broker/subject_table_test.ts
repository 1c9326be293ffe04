/** Subjects by their bytes. @module */
import { deepEqual, equal } from "node:assert/strict";
import { fc } from "../../../deps/fast_check.ts";
import { SubjectTable } from "../../../broker/subject_table.ts";

const encoder = new TextEncoder();

Deno.test("every subject is itself, however many collide", () => {
  const table = new SubjectTable();
  for (let round = 0; round < 2; round++) {
    for (let number = 0; number < 20_000; number++) {
      const text = `inbox.${number}`;
      const bytes = encoder.encode(`PUB ${text} 0`);
      if (table.lookUp(bytes, 4, 4 + text.length)?.text !== text) throw new Error(`${text} became another subject`);
    }
  }
});

Deno.test("a subject that comes again is the same object, whose bytes are not those of the buffer", () => {
  const table = new SubjectTable();
  const buffer = encoder.encode("a.b");
  const first = table.lookUp(buffer, 0, 3);
  buffer.fill(0x78);
  equal(table.lookUp(encoder.encode("..a.b.."), 2, 5), first);
  equal(table.lookUp(buffer, 0, 3)?.text, "xxx");
});

Deno.test("any text keeps its meaning; what is not UTF-8 is refused", () => {
  const table = new SubjectTable();
  fc.assert(fc.property(fc.string({ unit: "grapheme", minLength: 1 }), (text) => {
    const bytes = encoder.encode(text);
    equal(table.lookUp(bytes, 0, bytes.length)?.text, new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  }));
  equal(table.lookUp(new Uint8Array([0x61, 0xff]), 0, 2), undefined);
});

Deno.test("subjects with wildcards are not literal, those with empty tokens go nowhere", () => {
  const table = new SubjectTable();
  const kinds = ["a.b", "a*", "a.*", ">", "a..b", ".a", "a."].map((text) => {
    const subject = table.lookUp(encoder.encode(text), 0, text.length);
    return [text, subject?.literal, subject?.routable];
  });
  deepEqual(kinds, [
    ["a.b", true, true],
    ["a*", true, true],
    ["a.*", false, true],
    [">", false, true],
    ["a..b", false, false],
    [".a", false, false],
    ["a.", false, false],
  ]);
});
