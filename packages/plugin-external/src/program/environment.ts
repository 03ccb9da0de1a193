/**
 * Which variables a program may be given.
 * @module
 */

/** What makes a program load or run code that nobody listed. */
const REFUSED = new Set([
  'BASH_ENV',
  'ENV',
  'GCONV_PATH',
  'GLIBC_TUNABLES',
  'NODE_OPTIONS',
  'NODE_PATH',
  'PERL5LIB',
  'PERL5OPT',
  'PYTHONHOME',
  'PYTHONPATH',
  'PYTHONSTARTUP',
  'RUBYLIB',
  'RUBYOPT',
])
const REFUSED_PREFIXES = ['LD_', 'DYLD_']
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/

/** @throws Error naming the variable */
export function checkEnvironment(environment: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(environment)) {
    if (!NAME.test(name)) throw new Error(`'${name}' is no name of a variable`)
    if (REFUSED.has(name) || REFUSED_PREFIXES.some(prefix => name.startsWith(prefix)))
      throw new Error(`${name} makes programs load code and is refused`)
  }
}
