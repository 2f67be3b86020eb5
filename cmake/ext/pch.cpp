// Gives the precompiled headers a target to be built in.
namespace tk::pch {
extern const int kAnchor;
const int kAnchor = 0;
}  // namespace tk::pch
