/**
 * IP addresses as values.
 * @module
 */
export { InetAddr, type NodeAddress } from './inet-addr.ts'
export type { Order } from './integer.ts'
export {
  compareIP,
  type IPAddr,
  type IPFamily,
  ip,
  ipFromBytes,
  isIPAddr,
  parseIP,
  tryParseIP,
} from './ip-addr.ts'
export { IPv4 } from './ipv4.ts'
export { IPv6 } from './ipv6.ts'
export { parsePort, tryParsePort } from './port.ts'
