/// What the templates of phrases read in German, by subject. The key is the English template as it stands in the code; `{1}` and `{2}` stand
/// where holes come in another order.
enum GermanTable {
    /// Each pair of every subject, also those that stand there twice.
    static var pairs: [(english: String, german: String)] {
        [words, events, restoring, work, updates, sections, tables, head, pictures, stored, status, subscriptions]
            .flatMap { subject in
                subject.map { (english: $0.key, german: $0.value) }
            }
    }

    static let texts = Dictionary(pairs.map { ($0.english, $0.german) }) { first, _ in first }
}
