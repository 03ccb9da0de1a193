/**
 * The REST API of the realm, its documentation, and the page to play on.
 * @module
 */
import type { Fd, Kernel } from '@unisock/kernel'
import { HTTP_HEALTH_PATH, MONITOR_METRICS_PATH } from '@unisock/plugin-http'
import {
  REST_ADD_ROUTE,
  REST_DOCS_PATH,
  REST_JWT_SECRET,
  REST_MIDDLEWARE,
  REST_OPENAPI_INFO,
  REST_SERVER,
  REST_VALIDATION_SCHEMA,
} from '@unisock/plugin-rest'
import type { House } from '../house.ts'
import { routes } from '../routes.ts'
import { SCHEMAS } from '../schemas.ts'
import { PAGE_PATH, siteRoute } from './site.ts'

const BASE_PATH = '/api/v1'
const DOCS_PATH = '/docs'
const METRICS_PATH = '/metrics'

export interface Api {
  readonly fd: Fd<any>
  /** URLs. */
  readonly places: {
    readonly api: string
    readonly docs: string
    readonly play: string
    /** For Prometheus. */
    readonly metrics: string
  }
}

export async function openApi(kernel: Kernel, house: House, port: number): Promise<Api> {
  const fd = kernel.create(REST_SERVER, {})
  void kernel.setOption(fd, REST_OPENAPI_INFO, { title: 'Realm', version: '0.1.0', base_path: BASE_PATH })
  void kernel.setOption(fd, REST_JWT_SECRET, house.accounts.secret)
  void kernel.setOption(fd, REST_VALIDATION_SCHEMA, { schemas: SCHEMAS })
  void kernel.setOption(fd, REST_DOCS_PATH, DOCS_PATH)
  // The page's modules and its styles are in it.
  const helmet = { name: 'helmet', contentSecurityPolicy: false, strictTransportSecurity: false } as const
  void kernel.setOption(fd, REST_MIDDLEWARE, ['request-id', helmet, 'compress'])
  void kernel.setOption(fd, HTTP_HEALTH_PATH, '/health')
  void kernel.setOption(fd, MONITOR_METRICS_PATH, METRICS_PATH)
  for (const route of [...routes(house), siteRoute()]) void kernel.setOption(fd, REST_ADD_ROUTE, route)
  const address = await kernel.bind(fd, port)
  await kernel.listen(fd)
  const origin = `http://127.0.0.1:${address.port}`
  return {
    fd,
    places: {
      api: `${origin}${BASE_PATH}`,
      docs: `${origin}${DOCS_PATH}`,
      play: `${origin}${BASE_PATH}${PAGE_PATH}`,
      metrics: `${origin}${METRICS_PATH}`,
    },
  }
}
