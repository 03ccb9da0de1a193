/**
 * Which package a mode number below 100 is reserved for: what an unknown mode's error says to add.
 * @module
 */

const RESERVED: readonly (readonly [from: number, to: number, packageName: string])[] = [
  [0, 19, '@unisock/plugin-net'],
  [20, 23, '@unisock/plugin-http'],
  [24, 25, '@unisock/plugin-rest'],
  [26, 27, '@unisock/plugin-http'],
  [28, 29, '@unisock/plugin-rest'],
  [30, 36, '@unisock/plugin-ws'],
  [37, 38, '@unisock/plugin-mqtt'],
  [39, 39, '@unisock/plugin-ws'],
  [40, 49, '@unisock/plugin-external'],
]

export function packageOf(mode: number): string | undefined {
  return RESERVED.find(([from, to]) => mode >= from && mode <= to)?.[2]
}
