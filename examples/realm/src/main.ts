/**
 * `start [-- --check] [--port N] [--api-port N] [--telnet-port N]`: serves the realm until it is interrupted; with
 * `--check` on free ports until every route was called once and the world was played.
 * @module
 */
import { parseArgs } from 'node:util'
import { checkRealm } from './check.ts'
import { startRealm } from './realm.ts'

const { values } = parseArgs({
  args: process.argv.slice(2).filter(argument => argument !== '--'),
  options: {
    check: { type: 'boolean', default: false },
    port: { type: 'string', default: '8080' },
    'api-port': { type: 'string', default: '8081' },
    'telnet-port': { type: 'string', default: '4000' },
  },
})

if (values.check) {
  let fine: boolean
  {
    await using realm = await startRealm()
    fine = await checkRealm(realm, console.log)
  }
  process.exitCode = fine ? 0 : 1
} else {
  const realm = await startRealm({
    port: Number(values.port),
    apiPort: Number(values['api-port']),
    telnetPort: Number(values['telnet-port']),
  }).catch(error => {
    const ports = '--port, --api-port and --telnet-port'
    console.error(`The realm cannot open: ${error.message}. Choose other ports with ${ports}.`)
    process.exit(1)
  })
  console.log(`Realm is open.

  What is where   ${realm.page}
  API             ${realm.api}
  Documentation   ${realm.docs}
  In a browser    ${realm.play}
  To play         telnet ${realm.telnet.address} ${realm.telnet.port}
  The keeper      name keeper, password ${realm.password}

Interrupt to close it.`)
  const close = (): void => void realm[Symbol.asyncDispose]()
  process.once('SIGINT', close).once('SIGTERM', close)
}
