// What chalk would find out about the terminal; cli/colour tells it what to do, and node:tty takes 5 ms to load.
export default { stdout: false, stderr: false };
