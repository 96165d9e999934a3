import FoundationEssentials
import IncidentDomain

/// An installation's own templates of updates: files of one directory, `NAME.LANGUAGE.mustache`.
enum UpdateTemplateFiles {
    static let filesMax = 200
    static let bytesMax = 65_536

    /// Reads a directory; each mistake is a sentence that names the file.
    static func read(_ directory: String) -> (texts: [UpdateTemplateText], mistakes: [String]) {
        let files: [String]
        do {
            files = try FileManager.default.contentsOfDirectory(atPath: directory).filter { $0.hasSuffix(".mustache") }
        } catch {
            return ([], ["the directory \(directory) cannot be read: \(error)"])
        }
        guard files.count <= filesMax else {
            return ([], ["the directory \(directory) has \(files.count) templates; the limit is \(filesMax)"])
        }
        var texts: [UpdateTemplateText] = []
        var mistakes: [String] = []
        for file in files.sorted() {
            do throws(ConfigurationFile.Failure) {
                texts.append(try template(file, in: directory))
            } catch {
                mistakes.append("\(file) \(error.reason)")
            }
        }
        return (texts, mistakes)
    }

    private static func template(
        _ file: String, in directory: String
    ) throws(ConfigurationFile.Failure) -> UpdateTemplateText {
        let parts = file.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, Identifiers.isSlug(parts[0]), parts[0] != UpdateTemplates.automatic,
            let language = LanguageTag.read(parts[1])
        else { throw ConfigurationFile.Failure("its name should be NAME.LANGUAGE.mustache, as mitigate.fr.mustache") }
        let text = try ConfigurationFile.text("\(directory)/\(file)")
        guard text.utf8.count <= bytesMax else {
            throw ConfigurationFile.Failure("it has more than \(bytesMax) bytes")
        }
        return UpdateTemplateText(name: parts[0], language: language, text: text)
    }
}
