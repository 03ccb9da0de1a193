/**
 * Which families an fd belongs to: read-only options 150-155, 1 or 0 on any fd.
 * @module
 */
import { type } from '../../types.ts'
import { defineOption } from '../option.ts'

const flag = (number: number, name: string, description: string) =>
  defineOption({
    number,
    name,
    family: 'core',
    schema: { enum: [0, 1], description },
    value: type<0 | 1>(),
    when: 'read-only',
    journal: 'action',
    default: 0,
  })

export const HTTP_SERVER_MODE = flag(150, 'HTTP_SERVER_MODE', '1 on an HTTP or REST server or exchange.')
export const HTTP_CLIENT_MODE = flag(151, 'HTTP_CLIENT_MODE', '1 on an HTTP or REST client.')
export const REST_MODE = flag(152, 'REST_MODE', '1 on a REST fd.')
export const WS_MODE = flag(153, 'WS_MODE', '1 on a WebSocket fd.')
export const MQTT_MODE = flag(154, 'MQTT_MODE', '1 on an MQTT fd.')
export const EXTERNAL_MODE = flag(155, 'EXTERNAL_MODE', '1 on an external fd.')
