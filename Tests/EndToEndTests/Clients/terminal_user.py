"""Somebody who sits at a terminal with `muster`, an editor and nothing else (pexpect, in a pseudo-terminal)."""

import os
import re
import stat

import pexpect
import steps

# What a machine that does much else at the same time may take.
PATIENCE = 60
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class TerminalUser:
    def __init__(self, url, token):
        self.url, self.token = url, token
        self.program = os.environ["MUSTER_PROGRAM"]
        self.home = os.environ["HOME"]

    def environment(self, **others):
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LD_LIBRARY_PATH") if name in os.environ}
        return {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "NO_COLOR": "1", **others}

    def spawn(self, *arguments, **variables):
        return pexpect.spawn(
            self.program,
            list(arguments),
            env=self.environment(**variables),
            dimensions=(50, 160),
            encoding="utf-8",
            timeout=PATIENCE,
        )

    def run(self, *arguments, status=0, **variables):
        """A command to its end: what stands on the terminal."""
        child = self.spawn(*arguments, **variables)
        child.expect(pexpect.EOF)
        child.close()
        said = child.before.replace("\r\n", "\n")
        assert child.exitstatus == status, f"{arguments}: {child.exitstatus}\n{said}"
        return said

    def editor(self, name, script):
        """An editor that does to the file "$1" what the shell script says."""
        path = f"{self.home}/{name}"
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"#!/bin/sh\n{script}\n")
        os.chmod(path, stat.S_IRWXU)
        return path

    # Steps

    def login_hides_the_token(self):
        child = self.spawn("login", self.url, "--name", "here")
        child.expect("Token for ")
        child.waitnoecho(timeout=PATIENCE)
        child.sendline(self.token)
        child.expect("Logged in to ")
        child.expect(pexpect.EOF)
        assert self.token not in child.before
        child.close()
        assert child.exitstatus == 0
        kept = os.stat(f"{self.home}/.config/muster/contexts.json")
        assert stat.S_IMODE(kept.st_mode) == 0o600

    def interrupted_login_shows_typing_again(self):
        child = pexpect.spawn(
            "/bin/sh",
            ["-c", 'trap : INT; "$0" login "$1"; echo status $?; exec cat', self.program, self.url],
            env=self.environment(),
            encoding="utf-8",
            timeout=PATIENCE,
        )
        child.expect("Token for ")
        child.waitnoecho(timeout=PATIENCE)
        child.sendintr()
        child.expect("status 130")
        assert child.getecho(), "what is typed stays unseen after Ctrl-C"
        child.close(force=True)

    def catalog_asks_before_it_applies(self):
        child = self.spawn("catalog", "apply", os.environ["CATALOG"])
        child.expect(r"\+ user-db")
        child.expect("Apply this")
        child.sendline("n")
        child.expect("Nothing was changed")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 1
        child = self.spawn("catalog", "apply", os.environ["CATALOG"])
        child.expect("Apply this")
        child.sendline("y")
        child.expect(pexpect.EOF)
        child.close()
        assert child.exitstatus == 0
        assert "nothing changes" in self.run("catalog", "diff", os.environ["CATALOG"])

    def detect(self):
        assert "No incident is open." in self.run("ls")
        opened = self.run("open", "Nobody can sign in", "-c", "auth=major_outage", "-c", "user-db", "--use")
        assert "INC-1 detect: opened" in opened, opened
        self.run("ack")
        self.run("advance")

    def assess(self):
        refused = self.run("advance", status=1)
        # Each command that is named is one that can be typed.
        for command in ("muster set -i 1 --severity sev2", "muster role -i 1 commander NAME"):
            assert command in refused, refused
            words = command.replace("NAME", "Amara").split()[1:]
            self.run(*words)
        self.run("set", "-s", "sev1")
        self.run("cause", "unknown", "-e", "Connections pile up since the upgrade")
        note = self.editor("noting", 'echo "The primary has no disk left" >"$1"')
        assert "noted as entry" in self.run("note", "--key", EDITOR=note)
        nothing = self.editor("nothing", ': >"$1"')
        assert "nothing was sent" in self.run("note", status=2, EDITOR=nothing)
        self.run("advance")

    def board_and_room_are_live(self):
        board = self.spawn("watch")
        board.expect(re.escape("\x1b[?1049h"))
        board.expect("live")
        board.expect("Nobody can sign in")
        room = self.spawn("watch", "1")
        room.expect("live")
        room.expect("Timeline")
        self.run("note", "Somebody else writes this meanwhile")
        room.expect("Somebody else writes this meanwhile")
        self.run("set", "-t", "Nobody can sign in or up")
        board.expect("Nobody can sign in or up")
        for watching in (board, room):
            watching.sendintr()
            watching.expect(re.escape("\x1b[?25h"))
            watching.expect(re.escape("\x1b[?1049l"))
            watching.expect(pexpect.EOF)
            watching.close()
            assert watching.exitstatus == 130, watching.exitstatus

    def mitigate(self):
        self.run("mitigate", "Fail over to us-east", "--state", "running")
        assert "succeeded" in self.run("mitigate", "1", "--state", "succeeded")
        told = self.run("update", "draft", "staff", "--template", "auto")
        assert "draft, revision 1" in told, told
        assert "published" in self.run("update", "publish", "1")
        self.run("advance")

    def restore(self):
        plan = self.run("restore")
        assert "▶ user-db" in plan and "└─ ○ auth" in plan, plan
        refused = self.run("restore", "start", "auth", status=1)
        assert "muster restore start -i 1 user-db" in refused, refused
        for component in ("user-db", "auth"):
            self.run("restore", "start", component, "--expected", "in 20m")
            self.run("restore", "ramp", component, "--percent", "50")
            self.run("restore", "verify", component)
        assert "2 of 2 restored" in self.run("restore")
        self.run("advance")

    def review_in_the_editor(self):
        self.run("review", "start")
        # Below the heading of each section that only people know.
        script = " ".join(
            f"-e '/<!-- section: {name} -->/,/^## /s/^## .*/&\\n\\nIt is understood: {name}./'"
            for name in ("what_went_well", "what_went_wrong", "lessons")
        )
        editor = self.editor("writing", f'sed -i {script} "$1"')
        said = self.run("review", "edit", EDITOR=editor)
        assert "revision 2" in said and "Only people know" not in said, said
        # Nothing was changed: nothing is sent.
        assert "revision 2" in self.run("review", "edit", EDITOR="true")
        assert "It is understood: lessons." in self.run("review")

    def a_lost_edit_is_kept(self):
        """Somebody else saves while the editor is open: what was written stays in its file."""
        quicker = f'"{self.program}" review write lessons Somebody was quicker. </dev/null >/dev/null'
        editor = self.editor("slow", f"{quicker}\nprintf '\\nMine, too.\\n' >>\"$1\"")
        said = self.run("review", "edit", status=5, EDITOR=editor)
        kept = re.search(r"What you wrote is in (\S+\.md)", said)
        assert kept, said
        with open(kept.group(1), encoding="utf-8") as file:
            assert "Mine, too." in file.read()
        os.unlink(kept.group(1))
        assert "Somebody was quicker." in self.run("review")

    def close(self):
        self.run("actions", "add", "Alert on full disks", "--owner", "Amara", "--due", "2099-01-31", "--required")
        self.run("review", "approve")
        self.run("advance")
        assert "closed" in self.run("show")
        exported = f"{self.home}/review.html"
        self.run("review", "export", "--format", "html", "-f", exported)
        with open(exported, encoding="utf-8") as file:
            assert "Nobody can sign in or up" in file.read()

    def names_are_completed(self):
        script = f"{self.home}/completion.bash"
        with open(script, "w", encoding="utf-8") as file:
            file.write(self.run("--generate-completion-script", "bash"))
        path = f"{os.path.dirname(self.program)}:{os.environ['PATH']}"
        shell = pexpect.spawn(
            "bash",
            ["--norc", "--noprofile"],
            env=self.environment(PATH=path, PS1="ready> ", TERM="dumb"),
            dimensions=(50, 160),
            encoding="utf-8",
            timeout=PATIENCE,
        )
        shell.expect("ready> ")
        shell.sendline(f"source {script}; echo sourced")
        shell.expect("sourced\r\n")
        shell.expect("ready> ")
        for typed, completed in (
            ("muster restore sta\t", "muster restore start "),
            ("muster impact user-\t", "muster impact user-db "),
            ("muster ls --context he\t", "muster ls --context here "),
        ):
            shell.send(typed)
            shell.expect_exact(completed)
            shell.sendcontrol("u")
        shell.close(force=True)

    def colours_only_where_wanted(self):
        assert not COLOUR.search(self.run("ls", "--all"))
        assert COLOUR.search(self.run("ls", "--all", NO_COLOR=""))
        assert not COLOUR.search(self.run("ls", "--all", NO_COLOR="", TERM="dumb"))


if __name__ == "__main__":
    steps.run(TerminalUser)
