// The process of an AgentHost: an agent for each message, and a message when it has ended.
const { runAgent } = await import(process.argv[2]);

async function run({ args, dir }) {
  process.chdir(dir);
  const code = await runAgent(args);
  process.chdir('/');
  process.send(code);
}

process.on('message', (message) => void run(message));
process.on('disconnect', () => process.exit());
