/**
 * Changes the configuration of a realm, and signals maintenance as another program does.
 * @module
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Judge } from '../check.ts'
import type { Realm } from '../realm.ts'

const PATIENCE_MS = 10_000
const GREETING = 'The herons look at you.'
const MAINTENANCE = fileURLToPath(new URL('../maintenance.ts', import.meta.url))

/** Writes another greeting into the file, until the telnet door says it. */
export async function changeConfig(path: string, { telnet }: Realm, judge: Judge): Promise<void> {
  writeFileSync(path, JSON.stringify({ greeting: GREETING }))
  const deadline = Date.now() + PATIENCE_MS
  let isSaid = false
  while (!isSaid && Date.now() < deadline) {
    await wait(50)
    isSaid = (await greetingAt(telnet.address, telnet.port)).includes(GREETING)
  }
  judge('the configuration was changed: telnet greets otherwise', isSaid)
}

async function greetingAt(host: string, port: number): Promise<string> {
  const socket = connect(port, host).setEncoding('latin1')
  let seen = ''
  socket.on('data', chunk => {
    seen += chunk
    if (seen.includes('Your name: ')) socket.destroy()
  })
  await once(socket, 'close')
  return seen
}

export async function signalMaintenance(group: string, judge: Judge): Promise<void> {
  const { stdout } = await promisify(execFile)(process.execPath, [MAINTENANCE, '--group', group])
  judge(stdout.trim(), true)
}
