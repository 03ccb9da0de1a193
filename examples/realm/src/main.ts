/**
 * `start [-- --check] [--port N] [--api-port N] [--telnet-port N] [--mqtt URL] [--config FILE] [--maintenance GROUP]`: serves
 * the realm until it is interrupted; with `--check` on free ports until every route was called once and the world was
 * played.
 * @module
 */
import { fileURLToPath } from 'node:url'
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
    mqtt: { type: 'string', default: 'embedded' },
    config: { type: 'string', default: fileURLToPath(new URL('../realm.json', import.meta.url)) },
    maintenance: { type: 'string', default: 'realm' },
  },
})

if (values.check) {
  process.exitCode = (await checkRealm(console.log)) ? 0 : 1
} else {
  const realm = await startRealm({
    port: Number(values.port),
    apiPort: Number(values['api-port']),
    telnetPort: Number(values['telnet-port']),
    broker: values.mqtt,
    config: values.config,
    maintenance: values.maintenance,
  }).catch(error => {
    const isTaken = error.code === 'EADDRINUSE'
    const hint = isTaken ? ' Choose other ports with --port, --api-port and --telnet-port.' : ''
    console.error(`The realm cannot open: ${error.message}.${hint}`)
    process.exit(1)
  })
  console.log(`Realm is open.

  What is where   ${realm.page}
  API             ${realm.api}
  Documentation   ${realm.docs}
  Metrics         ${realm.metrics}
  In a browser    ${realm.play}
  To play         telnet ${realm.telnet.address} ${realm.telnet.port}
  MQTT            ${realm.mqtt}
  Configuration   ${values.config}
  Maintenance     node ${fileURLToPath(new URL('./maintenance.ts', import.meta.url))} --group ${values.maintenance}
  The keeper      name ${realm.keeper}, password ${realm.password}

Interrupt to close it.`)
  const close = (): void => void realm[Symbol.asyncDispose]()
  process.once('SIGINT', close).once('SIGTERM', close)
}
