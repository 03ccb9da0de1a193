/**
 * Runs ours and its peers in turn, several rounds, and prints medians and ratios.
 *
 * `bench [--only NAME] [--quick] [--json FILE]`
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import type { Case, Figures } from './case.ts'
import { boot } from './cases/boot.ts'
import { connections } from './cases/connections.ts'
import { eventfdSignal } from './cases/eventfd-signal.ts'
import { externalPipe } from './cases/external-pipe.ts'
import { fastCgiApache, fastCgiNginx } from './cases/fastcgi.ts'
import { httpCached } from './cases/http-cached.ts'
import { httpClient } from './cases/http-client.ts'
import { httpHello } from './cases/http-hello.ts'
import { httpWork } from './cases/http-work.ts'
import { http2 } from './cases/http2.ts'
import { inotifyBurst } from './cases/inotify-burst.ts'
import { link, linkProcess } from './cases/link.ts'
import { mqttPublish0, mqttPublish1 } from './cases/mqtt-publish.ts'
import { restJwt, restPlugins } from './cases/rest-jwt.ts'
import { restValidated } from './cases/rest-validated.ts'
import { tcpBulk, tcpBulkSockets, tcpEcho, tcpEchoSockets } from './cases/tcp.ts'
import { timers } from './cases/timers.ts'
import { udpBatch } from './cases/udp-batch.ts'
import { uploadDisk, uploadStream } from './cases/upload.ts'
import { wsEcho } from './cases/ws-echo.ts'
import { wsFanOut } from './cases/ws-fanout.ts'
import { wsIdle } from './cases/ws-idle.ts'
import { wsResume, wsResumeKeeper } from './cases/ws-resume.ts'
import { wsStall } from './cases/ws-stall.ts'
import { type Result, resultsOf, table } from './result.ts'

const CASES: readonly Case[] = [
  link,
  linkProcess,
  httpHello,
  httpCached,
  httpWork,
  httpClient,
  http2,
  restValidated,
  restJwt,
  restPlugins,
  fastCgiApache,
  fastCgiNginx,
  uploadStream,
  uploadDisk,
  mqttPublish0,
  mqttPublish1,
  wsEcho,
  wsFanOut,
  wsIdle,
  wsResume,
  wsResumeKeeper,
  wsStall,
  tcpEcho,
  tcpEchoSockets,
  tcpBulk,
  tcpBulkSockets,
  udpBatch,
  externalPipe,
  eventfdSignal,
  inotifyBurst,
  connections,
  timers,
  boot,
]

const { values } = parseArgs({
  args: process.argv.slice(2).filter(argument => argument !== '--'),
  options: { only: { type: 'string' }, quick: { type: 'boolean', default: false }, json: { type: 'string' } },
})
const chosen = CASES.filter(({ name }) => values.only === undefined || name === values.only)
if (chosen.length === 0) {
  console.error(`no case is named ${values.only}; there are ${CASES.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

const results: Result[] = []
for (const subject of chosen) {
  const runs: Record<string, Figures[]> = {}
  const rounds = values.quick ? 2 : subject.rounds
  const contenders = Object.entries(subject.contenders)
  for (let round = 0; round < rounds; round++) {
    // Who runs after whom changes, since a machine's neighbours and its clock have moods that last.
    for (const [name, contender] of round % 2 === 0 ? contenders : contenders.toReversed()) {
      progress(`${subject.name}: round ${round + 1} of ${rounds}, ${name}`)
      runs[name] = [...(runs[name] ?? []), await contender({ quick: values.quick })]
    }
  }
  results.push(...resultsOf(subject, runs))
}
progress('')
console.log(table(results))
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(results, null, 2)}\n`)

/** One line that overwrites itself, where somebody watches. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`)
}
