import { userInfo } from 'node:os'
import { expect, it, vi } from 'vitest'
import { buildProgram } from '../../src/cli/program.ts'

vi.mock('node:os', async (original) => ({ ...(await original<object>()), userInfo: vi.fn() }))

it('every command can be called under a user id that has no name, as in a container', async () => {
  vi.mocked(userInfo).mockImplementation(() => {
    throw new Error('uv_os_get_passwd returned ENOENT')
  })
  const program = await buildProgram()
  expect(program.commands.map((command) => command.name())).toContain('audit')
  expect(userInfo).toHaveBeenCalled()
})
