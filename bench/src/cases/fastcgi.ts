/**
 * A plain hello over 64 keep-alive connections through Apache and through nginx, by FastCGI and by HTTP. Both need their
 * Debian packages.
 * @module
 */
import type { Case } from '../case.ts'
import { http } from '../http-served.ts'
import type { Kind } from '../web-server.ts'

const through = (kind: Kind): Case => ({
  name: `fastcgi-${kind}`,
  contenders: {
    unisock: http('unisock-behind', { connections: 64 }, [kind, 'fcgi']),
    'HTTP proxy': http('unisock-behind', { connections: 64 }, [kind, 'http']),
  },
  metrics: [
    { figure: 'requests/s', unit: 'requests/s', against: 'HTTP proxy', goal: { atLeast: 0.9 } },
    { figure: 'process-cpu', unit: 'µs/request', against: 'HTTP proxy', goal: { atMost: 1.5 } },
  ],
  rounds: 5,
})

export const fastCgiApache = through('apache')
export const fastCgiNginx = through('nginx')
