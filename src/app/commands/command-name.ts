/** How a person calls the command again: a checkout that npm runs has no `sluice` on the PATH, but npx finds it. */
export function commandName(env: NodeJS.ProcessEnv): string {
  return env.npm_lifecycle_event === undefined ? 'sluice' : 'npx sluice'
}
