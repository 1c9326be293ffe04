import assert from "node:assert/strict";
import { readJunit } from "../../../tools/run_tests.ts";

Deno.test("junit: passed, failed and skipped tests are told apart", () => {
  const xml = `<testsuites><testsuite>
    <testcase name="a" classname="./x.ts" time="0.1" line="1" col="1"></testcase>
    <testcase name="b" classname="./x.ts" time="0.1"/>
    <testcase name="c &quot;d&quot;" time="0"><skipped/></testcase>
    <testcase name="e" time="0"><failure message="no">AssertionError</failure></testcase>
  </testsuite></testsuites>`;
  assert.deepEqual(readJunit(xml), { passed: 2, failed: 1, skipped: ['c "d"'] });
});
