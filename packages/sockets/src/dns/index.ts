/**
 * Names and the machine's own addresses.
 * @module
 */
export { type AddrInfoOptions, getAddrInfo, getAllAddrInfo } from './addr-info.ts'
export { dnsBackend, type Resolution, type ResolverBackend, systemBackend } from './backend.ts'
export { checkHost } from './host.ts'
export {
  HostResolver,
  type HostResolverOptions,
  type HostResolverStatistics,
  hostResolver,
} from './host-resolver.ts'
export { getIpAddr, getIpAddrs, type IpAddrsOptions, isLinkLocal } from './ip-addrs.ts'
export { getNameInfo } from './name-info.ts'
