import FoundationEssentials
import HTTPTypes
import Testing

@testable import MusterServer

/// From the first signal to the finished review, with everything that can be done on the way.
extension DescribedLife {
    func openAndAssess() async throws -> String {
        let path = try await open([
            "title": "Nobody can sign in", "summary": "All sign-ins fail.", "severity": "sev2",
            "components": [
                [
                    "component": "db", "impact": "major_outage", "regions": ["eu"],
                    "started_at": "2020-01-01T00:00:00Z", "ended_at": nil,
                ]
            ],
            "cause": [
                "category": "unknown", "subcategory": nil, "confidence": "suspected", "evidence": "no trace yet",
            ],
            "started_at": "2020-01-01T00:00:00Z", "labels": ["team": "identity"], "occurred_at": "2020-01-01T00:05:00Z",
        ])
        await readTwice(path)
        await post("\(path)/advance", ["to": "assess"], gives: 409)
        await post("\(path)/acknowledge", ["occurred_at": "2020-01-01T00:06:00Z"])
        await post("\(path)/advance", [:])
        await post("\(path)/advance", gives: 409)
        await ask(
            .patch, path,
            [
                "title": "Nobody signs in", "summary": "Every sign-in fails.", "labels": ["team": "id"],
                "severity": "sev1", "started_at": "2019-12-31T23:00:00Z",
            ])
        for role in ["commander", "operations", "communications", "scribe", "liaison"] {
            await ask(.put, "\(path)/roles/\(role)", ["person": "Amara"])
        }
        await ask(.put, "\(path)/roles/commander", ["person": "Noor"])
        await ask(.put, "\(path)/roles/boss", ["person": "Noor"], gives: 404)
        await ask(.put, "\(path)/roles/liaison", ["person": "Noor"])
        await ask(.delete, "\(path)/roles/liaison", ["reason": "Not needed."])
        await ask(.delete, "\(path)/roles/liaison")
        await get("\(path)/suggestions")
        for component in ["auth", "feed"] {
            await ask(
                .put, "\(path)/impacts/\(component)",
                ["impact": "partial_outage", "deliberate": .bool(component == "feed")])
        }
        await ask(
            .put, "\(path)/impacts/live",
            ["impact": "degraded", "started_at": "2020-01-01T00:00:00Z", "ended_at": "2020-01-01T00:01:00Z"])
        await ask(.put, "\(path)/impacts/none", ["impact": "degraded"], gives: 422)
        await ask(.delete, "\(path)/impacts/live")
        await ask(
            .put, "\(path)/audiences/users",
            ["description": "Cannot sign in.", "people": 12, "money": 9.5, "currency": "EUR", "reports": 3])
        await ask(.put, "\(path)/audiences/creators", ["description": "It was the other incident."])
        await ask(.delete, "\(path)/audiences/creators", ["reason": "A mistake."])
        await ask(.delete, "\(path)/audiences/creators")
        await ask(
            .put, "\(path)/cause",
            [
                "category": "technical", "subcategory": "database_fault", "confidence": "confirmed", "evidence": "logs",
                "role": "root", "component": "db", "change": "deploy 4711",
            ])
        // What is entered late says how it was then.
        let then: JSONValue = "2020-01-01T00:06:30Z"
        await ask(.patch, path, ["severity": "sev3", "occurred_at": then])
        await ask(.put, "\(path)/impacts/auth", ["impact": "degraded", "occurred_at": then])
        await ask(.put, "\(path)/roles/commander", ["person": "Amara", "occurred_at": then])
        let promise: JSONValue = [
            "audience": "staff", "body": "We look.", "next_update_at": "2020-01-01T00:30:00Z", "occurred_at": then,
        ]
        await post("\(path)/updates", promise, gives: 201)
        await ask(
            .put, "\(path)/audiences/users", ["description": "Some cannot sign in.", "people": 2, "occurred_at": then])
        let said: JSONValue = [
            "text": "The vendor says: 20 minutes.", "key": true, "by": "the vendor", "precision": "hour",
        ]
        await post("\(path)/notes", said, gives: 201)
        await writeFacts(path)
        await post(
            "\(path)/updates",
            ["audience": "public", "body": "We are on it.", "eta": "2030-01-01T00:00:00Z", "steps": ["Wait."]],
            gives: 201)
        await post("\(path)/advance")
        return path
    }

    /// Of each kind one, with everything that it can have.
    private func writeFacts(_ path: String) async {
        let before: JSONValue = "2019-12-31T22:00:00Z"
        let facts: [JSONValue] = [
            [
                "kind": "measure", "text": "Sign-ins refused", "value": 4.5, "unit": "%", "source": "a dashboard",
                "until": "2020-01-01T01:00:00Z", "component": "auth", "by": "Noor",
                "occurred_at": "2020-01-01T00:10:00Z",
            ],
            [
                "kind": "alert", "text": "ReplicationLag", "detection": "missing", "reason": "It was muted.",
                "precision": "minute", "occurred_at": before,
            ],
            ["kind": "report", "text": "A customer called", "detection": "detected", "by": "support"],
            ["kind": "decision", "text": "Fail over", "reason": "The primary will not come back."],
            ["kind": "change", "text": "Deploy 4711", "component": "db", "occurred_at": before],
        ]
        for fact in facts { await post("\(path)/facts", fact, gives: 201) }
        let related: JSONValue = ["kind": "related", "text": "the same cause", "incident": 7]
        await post("\(path)/facts", related, gives: 201)
        await post("\(path)/facts", ["kind": "measure", "text": "without a value"], gives: 422)
    }

    func mitigate(_ path: String) async throws {
        let draft: JSONValue = ["description": "Fail over", "kind": "failover", "owner": "storage", "state": "planned"]
        await post("\(path)/mitigations", draft, gives: 201)
        let mitigation = "\(path)/mitigations/1"
        await ask(
            .patch, mitigation,
            ["state": "running", "description": "Fail over to us", "kind": "reroute", "owner": "network"])
        await post("\(path)/advance", gives: 409)
        await ask(.patch, mitigation, ["state": "succeeded"])
        await ask(.patch, mitigation, ["state": "planned"], gives: 409)
        await ask(.patch, "\(path)/mitigations/9", ["state": "running"], gives: 404)
        await post("\(path)/mitigations", ["description": "Shed load", "in_force": true], gives: 201)
        let rejected: JSONValue = [
            "description": "Restart all", "state": "rejected", "reason": "It would lose writes.",
        ]
        await post("\(path)/mitigations", rejected, gives: 201)
        await post("\(path)/mitigations", ["description": "Wait"], gives: 201)
        await ask(.patch, "\(path)/mitigations/4", ["state": "abandoned"], gives: 422)
        await ask(.patch, "\(path)/mitigations/4", ["state": "abandoned", "reason": "It took too long."])
        await ask(.patch, "\(path)/mitigations/2", ["in_force": false])
        await post("\(path)/tasks", ["text": "Call the vendor", "owner": "Noor"], gives: 201)
        await ask(.patch, "\(path)/tasks/1", ["text": "Call them again", "owner": "Amara", "done": true])
        await post("\(path)/advance", ["reason": "It holds."])
    }

    /// What of a review the public may read.
    private func publish(_ review: String) async {
        await get("\(review).public.json")
        let version: JSONValue = [
            "sections": ["summary", "lessons"], "replace": [["text": "db-7", "with": "the database"], ["text": "x"]],
            "title": "Sign-in was down",
        ]
        await ask(.put, "\(review)/public", version)
        await ask(.put, "\(review)/public", ["sections": ["Summary"]], gives: 422)
        await post("\(review)/public/approve")
        for form in ["json", "md", "html"] { await get("\(review).public.\(form)") }
    }

    /// What people say of a review, and how it changed.
    private func discuss(_ review: String) async {
        await post("\(review)/comments", ["text": "Who decided that?", "section": "cause"], gives: 201)
        await post("\(review)/comments", ["text": "Noor.", "reply_to": 1], gives: 201)
        await post("\(review)/comments", ["text": "?", "reply_to": 9], gives: 422)
        await ask(.patch, "\(review)/comments/1", ["resolved": true])
        await ask(.patch, "\(review)/comments/9", ["resolved": true], gives: 404)
        await ask(.put, "\(review)/reviewers", ["reviewers": ["Amara", "Noor"]])
        await ask(.put, review, ["order": ["lessons"], "hidden": ["overrides"], "status": "in_review"])
        await get("\(review)/revisions")
        await get("\(review)/revisions?limit=1")
        await get("\(review)/diff")
        await get("\(review)/diff?from=1&to=3")
        await get("\(review)/diff?from=1&to=999", gives: 404)
        await get("\(review)/diff?to=0", gives: 422)
    }

    /// Files of an incident: an image of one pixel, a text, and what is neither.
    private func attach(_ path: String) async {
        let files = "\(path)/attachments"
        let pixel = [UInt8]("GIF89a".utf8) + [1, 0, 1, 0, 0, 0, 0, 0x3B]
        let image = await server.ask(
            .post, "\(files)?name=graph.gif&caption=Errors", sent: pixel, headers: [.contentType: "image/gif"])
        #expect(image.status == 201, "\(image.json.text)")
        let log = await server.ask(
            .post, "\(files)?name=a.log", raw: "it failed\n", headers: [.contentType: "text/plain"])
        #expect(log.status == 201, "\(log.json.text)")
        for (name, type, status) in [("", "text/plain", 422), ("a", "text/html", 415), ("a", "image/png", 422)] {
            let refused = await server.ask(
                .post, "\(files)?name=\(name)", raw: "<html>", headers: [.contentType: type])
            #expect(refused.status == status, "\(refused.json.text)")
        }
        await get(files)
        await get("\(files)/1")
        await get("\(files)/2")
        await get("\(files)/9", gives: 404)
        await ask(.delete, "\(files)/2", ["reason": "It names a customer."], gives: 204)
        await ask(.delete, "\(files)/9", gives: 404)
        await get("\(files)/2", gives: 404)
    }

    func review(_ path: String) async throws {
        let review = "\(path)/review"
        await readTwice(review)
        await post("\(review)/approve", gives: 409)
        await post(review, gives: 201)
        await post(review)
        await ask(
            .put, review,
            ["status": "in_review", "sections": [["id": "lessons", "title": "Lessons", "markdown": "Rehearse."]]])
        let action: JSONValue = ["title": "Rehearse", "kind": "preventive"]
        let made = await post("\(path)/actions", action, gives: 201)
        await get(review)
        await post("\(path)/advance", gives: 409)
        await ask(
            .patch, "/v1/actions/\(made.json["id"]?.string ?? "")",
            [
                "title": "Rehearse it", "kind": "corrective", "owner": "storage", "due": "2030-01-01",
                "required": false, "state": "in_progress",
            ])
        let second: JSONValue = ["title": "t", "kind": "detective", "owner": "o", "due": "2030-01-01"]
        await post("\(path)/actions", second, gives: 201)
        await ask(.patch, "/v1/actions/\(number(path))-9", ["state": "done"], gives: 404)
        await get("\(path)/actions")
        await post("\(review)/approve", gives: 409)
        let texts: [JSONValue] = ["what_went_well", "what_went_wrong"].map {
            ["id": .string($0), "markdown": "The switch was quick."]
        }
        await ask(.put, review, ["status": "in_review", "sections": .array(texts)])
        await discuss(review)
        await attach(path)
        await post("\(review)/approve")
        await readTwice("\(review).json")
        await get("\(review).md")
        await get("\(review).html")
        await get("\(review).pdf")
        await publish(review)
        await post("\(path)/advance")
        await correct("\(path)/times")
        let started: JSONValue = ["started_at": "2020-01-01T00:41:00Z", "reason": "The log says so."]
        await ask(.patch, "\(path)/restoration/db@eu", started)
        await writeAfterwards(path)
        await post("\(path)/revert", ["to": "review", "reason": "A lesson is missing."])
        await post("\(review)/approve")
        await post("\(path)/advance")
        await post("\(path)/revert", ["to": "assess", "reason": "no"], gives: 409)
        await post("\(path)/revert", ["to": "mitigate", "reason": "It came back."])
        await post("\(path)/revert", ["to": "assess", "reason": "It is something else."])
        await post("\(path)/advance")
    }

    /// A person with a responder's token is the commander here, and lets updates out.
    private func leadWithResponder(_ path: String) async throws {
        let token = await post(
            "/v1/tokens", ["name": "noor-phone", "role": "responder", "person": "Noor"], gives: 201
        ).json["token"]?.string
        await ask(.put, "\(path)/roles/commander", ["person": "Noor"], token: token)
        let draft: JSONValue = [
            "audience": "users", "body": "We work on it.", "on_behalf_of": "Grace",
            "publish_at": .string(try await moment(in: 3600)),
        ]
        let made = await ask(.post, "\(path)/updates/draft", draft, token: token, gives: 201)
        let later: JSONValue = ["publish_at": .string(try await moment(in: 7200))]
        await ask(
            .post, "\(path)/updates/\(made.json["id"]?.integer ?? 0)/publish", later, token: token, gives: 200)
        await get("\(path)/timeline?limit=200")
    }

    /// Everything that a merge brings along; and what is struck out.
    private func fill(_ path: String) async {
        await ask(.patch, path, ["severity": "sev1", "started_at": "2019-12-31T22:00:00Z"])
        await ask(.put, "\(path)/roles/scribe", ["person": "Noor"])
        await post("\(path)/mitigations", ["description": "Restart", "state": "succeeded"], gives: 201)
        await ask(
            .patch, "\(path)/mitigations/1", ["started_at": "2020-01-01T00:00:00Z", "ended_at": "2020-01-01T00:01:00Z"])
        await post("\(path)/tasks", ["text": "Call"], gives: 201)
        await post("\(path)/actions", ["title": "Test", "kind": "detective"], gives: 201)
        await ask(.put, "\(path)/cause", ["category": "attack", "subcategory": "ddos", "evidence": "a guess"])
        let change: JSONValue = ["kind": "change", "text": "Seen here, too", "reason": "r"]
        await post("\(path)/facts", change, gives: 201)
        let note = await post("\(path)/notes", ["text": "Seen here first."], gives: 201)
        let entry = "\(path)/timeline/\(note.json["sequence"]?.integer ?? 0)"
        await ask(.patch, entry, ["key": true])
        await ask(.patch, "\(path)/timeline/1", ["key": true], gives: 422)
        await post("\(path)/acknowledge")
        for kind in ["acknowledged", "mitigation_added", "task_added", "action_added", "cause_stated", "note_added"] {
            let entries = await get("\(path)/timeline?limit=200").json["items"]?.array ?? []
            let found = entries.last { $0["kind"]?.string == kind }?["sequence"]?.integer ?? 0
            await post("\(path)/timeline/\(found)/strike", ["reason": "It was for another incident."])
        }
        await post("\(path)/timeline/1/strike", ["reason": "no"], gives: 422)
        await post("\(path)/notes", ["text": "This one stays."], gives: 201)
        await get("\(path)/timeline?limit=200")
    }

    /// What goes on after closing, and what does not.
    private func writeAfterwards(_ path: String) async {
        await post("\(path)/notes", ["text": "The vendor has answered."], gives: 201)
        await ask(.patch, path, ["title": "Nobody could sign in", "summary": "All sign-ins failed.", "labels": [:]])
        await ask(.patch, path, ["severity": "sev4"], gives: 409)
        await ask(
            .put, "\(path)/cause",
            ["category": "technical", "subcategory": "configuration", "confidence": "confirmed", "evidence": "a flag"])
        let cause = await get(path).json["cause"]?["entry"] ?? .null
        let action: JSONValue = [
            "title": "Ask them", "kind": "detective", "owner": "o", "due": "2030-01-01", "priority": "high",
            "link": "https://tracker.example/1", "answers": cause,
        ]
        let made = await post("\(path)/actions", action, gives: 201)
        await post("\(path)/actions", ["title": "x", "kind": "detective", "answers": 1], gives: 422)
        await ask(
            .patch, "/v1/actions/\(made.json["id"]?.string ?? "")",
            [
                "state": "done", "priority": "low", "link": "https://tracker.example/2",
                "answers": await get(path).json["hypotheses"]?[0]?["entry"] ?? .null,
            ])
        await post("\(path)/facts", ["kind": "decision", "text": "Keep it", "reason": "It works."], gives: 201)
        let lesson: JSONValue = ["id": "lessons", "title": "Lessons", "markdown": "Ask earlier."]
        await ask(.put, "\(path)/review", ["status": "draft", "sections": [lesson]])
        await post("\(path)/review/approve")
        await ask(.put, "\(path)/review/public", ["title": "Nobody could sign in"])
        await post("\(path)/review/public/approve")
        await post("\(path)/review/sign", ["as": "head of operations", "comment": "I have read it."])
        await post("\(path)/tasks", ["text": "too late"], gives: 409)
        await post("\(path)/review/comments", ["text": "Late."], gives: 201)
        await ask(.patch, "\(path)/review/comments/3", ["resolved": true])
        await ask(.put, "\(path)/review/reviewers", ["reviewers": ["Noor"]])
        let about: JSONValue = ["title": "Nobody could sign in at all", "precision": "hour"]
        await ask(.patch, path, about)
        let late = await server.ask(
            .post, "\(path)/attachments?name=late.csv&caption=All", raw: "a,b", headers: [.contentType: "text/csv"])
        let added = late.json["entry"]?.integer ?? 0
        await post("\(path)/timeline/\(added)/redact", ["reason": "It names a customer."])
        await get("\(path)/attachments/3", gives: 404)
        await ask(.delete, "\(path)/attachments/1", gives: 204)
        let note = await post("\(path)/notes", ["text": "By mistake."], gives: 201)
        let entry = "\(path)/timeline/\(note.json["sequence"]?.integer ?? 0)"
        await ask(.patch, entry, ["key": true])
        await ask(.patch, entry, ["happened_at": "2020-01-01T00:50:00Z", "reason": "It was entered late."])
        await get("\(path)/timeline?limit=200")
        await post("\(entry)/strike", ["reason": "It was about something else."])
        await ask(.put, "\(path)/review", ["sections": [["id": "lessons", "markdown": nil]]])
        await ask(.put, "\(path)/review", ["sections": [lesson]])
        await get("\(path)/review/revisions")
    }

    private func correct(_ times: String) async {
        await ask(
            .patch, times,
            [
                "detected_at": "2020-01-01T00:04:00Z", "acknowledged_at": "2020-01-01T00:05:30Z",
                "reason": "The first call came at 00:04.",
            ])
        await ask(.patch, times, ["acknowledged_at": nil, "reason": "It was as recorded."])
        await ask(.patch, times, ["acknowledged_at": "2020-01-01T00:03:00Z", "reason": "no"], gives: 422)
        await ask(.patch, times, ["reason": "nothing named"], gives: 422)
    }

    /// False alarms, and what turns out to be the same.
    func endOtherwise(_ path: String) async throws {
        // Seen, as it is said, before anybody told us: that is odd, and stands there.
        let odd = try await open(["title": "Odd", "started_at": .string(try await moment(in: -7200))])
        await ask(.post, "\(odd)/acknowledge", ["occurred_at": .string(try await moment(in: -3600))])
        #expect(await get(odd).json["warnings"]?[0]?["code"] == "clocks-out-of-order")
        let alarm = try await open(["title": "A false alarm", "severity": "sev2", "precision": "minute"])
        await post("\(alarm)/advance", ["override": true, "reason": "It is obvious."])
        await post("\(alarm)/dismiss", ["reason": "The probe was wrong."])
        await post("\(alarm)/dismiss", ["reason": "The probe was wrong."])
        await post("\(alarm)/notes", ["text": "too late"], gives: 409)
        await post("\(alarm)/reopen", ["reason": "It was right."])
        await post("\(alarm)/unmerge", ["reason": "It is by itself."])
        let same = try await open(["title": "The same", "components": [["component": "live", "impact": "degraded"]]])
        await post("\(same)/merge", ["into": 999], gives: 422)
        await post("\(same)/merge", ["into": .string("INC-\(number(same))")], gives: 409)
        await fill(same)
        await post("\(same)/merge", ["into": .string(number(path)), "reason": "It is."])
        await post("\(same)/reopen", ["reason": "no"], gives: 409)
        await post("\(same)/unmerge", ["reason": "It is not."])
        await server.ask(.post, "\(same)/attachments?name=a.txt", raw: "a", headers: [.contentType: "text/plain"])
        let bare = try await open(["title": "Nobody has said how severe"])
        await post("\(same)/merge", ["into": .string(number(bare))])
        await post("\(same)/unmerge", ["reason": "It is not."])
        try await leadWithResponder(bare)
        let small = try await open(["title": "A part of it", "severity": "sev4"])
        await post("\(same)/merge", ["into": .string(number(small)), "reason": "It is, after all."])
        try await readPages("/v1/incidents")
        await get("/v1/incidents?phase=merged&severity=sev1&component=db&cause=technical&label=team:id&q=sign")
        await get("/v1/incidents?opened_after=2020-01-01T00:00:00Z&opened_before=2030-01-01T00:00:00Z&open=true")
        await get("/v1/incidents?phase=merged,detect&severity=sev1,sev2&sort=severity&fields=number,title")
        try await readPages("/v1/actions")
        await get("/v1/actions?owner=storage&state=open,in_progress&overdue=false&fields=id")
        let little: HTTPFields = [.prefer: "return=minimal"]
        await ask(.patch, path, ["title": "Nobody could sign in"], headers: little)
    }
}
