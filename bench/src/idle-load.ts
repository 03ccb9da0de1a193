/**
 * The load process for idle connections: opens them, says so, and holds them.
 * @module
 */
import { once } from 'node:events'
import { connect } from 'node:net'

const { port, connections } = JSON.parse(process.argv[2]!) as { port: number; connections: number }
/** At once: fewer than a listener's backlog. */
const TOGETHER = 100

for (let open = 0; open < connections; open += TOGETHER)
  await Promise.all(
    Array.from({ length: TOGETHER }, async () => {
      await once(connect(port, '127.0.0.1'), 'connect')
    }),
  )
process.send!('open')
